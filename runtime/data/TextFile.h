// Reading a text file whole, with every way it can fail said in one line.
#ifndef RNN_DATA_TEXTFILE_H
#define RNN_DATA_TEXTFILE_H

#include <string>

namespace rnn {

/// The bytes of the regular file at `path`. Throws Failure if it is missing,
/// unreadable, not a regular file, or shrinks while it is read.
std::string readWholeFile(const std::string &path);

} // namespace rnn
#endif // RNN_DATA_TEXTFILE_H
