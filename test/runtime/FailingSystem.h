// Makes the system fail on request, inside this test program: the next
// allocations, or the calls that save a file. Also counts allocations.
#ifndef RNN_TEST_FAILINGSYSTEM_H
#define RNN_TEST_FAILINGSYSTEM_H

#include <cstdint>

namespace rnn::test {

// The allocation number `countdown` (from 0) by operator new of this thread
// throws std::bad_alloc; -1: none. (`__thread`: a thread_local of another file
// is reached through a function that may be absent, which UBSan takes amiss.)
extern __thread int64_t failingNew;
// Calls of malloc and its kin by this thread so far.
extern __thread int64_t allocations;
// The call number `countdown` (from 0) of open for writing, write, fsync,
// ftruncate or rename fails with ENOSPC; -1: none. Counts down in steps.
extern int64_t failingFile;

} // namespace rnn::test
#endif // RNN_TEST_FAILINGSYSTEM_H
