# The sources of runtime/data, relative to runtime/.
set(RNN_DATA_SOURCES
  data/Csv.cpp
  data/ListOps.cpp
  data/Npy.cpp
  data/TaskDefinitions.cpp
  data/Tasks.cpp
  data/Windows.cpp
  data/Tokenizer.cpp
  data/Utf8.cpp)
