// Arrays from files, checked for what they are needed for.
#ifndef RNN_TOOLS_RNN_NUMBERFILES_H
#define RNN_TOOLS_RNN_NUMBERFILES_H

#include "data/Npy.h"

#include <string>

namespace rnn {

/// Reads .npy or .csv, by the file's ending. Throws Failure for another ending
/// and for numbers that are not finite.
Array readNumbers(const std::string &path);

/// FOLDER/NAME.npy or FOLDER/NAME.csv, whichever is there; empty if neither is.
/// Throws Failure if both are.
std::string numbersNamed(const std::string &folder, const std::string &name);

/// `array` as elements of `type`: floats convert into each other, whole numbers
/// of any type to i32, zeros and ones to bool, i32 to floats. Throws Failure,
/// naming `path` and the element, for all else.
Array converted(Array array, rnn_element_type type, const std::string &path);

} // namespace rnn
#endif // RNN_TOOLS_RNN_NUMBERFILES_H
