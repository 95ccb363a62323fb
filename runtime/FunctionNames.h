// Names of a module's functions that it does not export, such as its kernels:
// the linker leaves them in the file.
#ifndef RNN_FUNCTIONNAMES_H
#define RNN_FUNCTIONNAMES_H

#include <string>

namespace rnn {

// Of the function at `address`, which belongs to the library that was loaded
// from `file`. Empty where the file does not tell: somebody has stripped it.
std::string functionName(int file, const void *address);

} // namespace rnn
#endif // RNN_FUNCTIONNAMES_H
