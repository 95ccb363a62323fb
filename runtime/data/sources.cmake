# The sources of runtime/data, relative to runtime/.
set(RNN_DATA_SOURCES
  data/Npy.cpp
  data/Windows.cpp
  data/Tokenizer.cpp
  data/Utf8.cpp)
