// Tables of numbers as text: rows of cells with commas between them.
#ifndef RNN_DATA_CSV_H
#define RNN_DATA_CSV_H

#include "data/Npy.h"

#include <string>

namespace rnn {

/// Reads f64 [rows, columns]. A first line without any number is a header and
/// left out. Throws Failure, naming the file and the line, for a cell that is
/// not a finite number and for rows of different lengths.
Array readCsv(const std::string &path);

/// Writes [rows] or [rows, columns]. Throws Failure if the file cannot be
/// written whole, or if the array has more dimensions.
void writeCsv(const std::string &path, const Array &array);

} // namespace rnn
#endif // RNN_DATA_CSV_H
