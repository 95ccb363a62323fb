// Names and sizes of rnn_element_type.
#ifndef RNN_ELEMENTTYPE_H
#define RNN_ELEMENTTYPE_H

#include "module_abi.h"

namespace rnn {

inline bool isElementType(int64_t type) {
  return type >= RNN_F32 && type <= RNN_BOOL;
}
inline int64_t byteSize(rnn_element_type type) {
  return type == RNN_F64 ? 8 : type == RNN_BF16 ? 2 : type == RNN_BOOL ? 1 : 4;
}
inline const char *typeName(int64_t type) {
  static const char *const names[] = {"f32", "f64", "i32", "bool"};
  return isElementType(type) ? names[type] : "an unknown type";
}

} // namespace rnn
#endif // RNN_ELEMENTTYPE_H
