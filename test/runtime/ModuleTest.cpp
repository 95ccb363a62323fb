// Opening modules: every damage is refused with one line, before any code of
// the file is loaded.
#include "Fixture.h"
#include "module_abi.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sys/stat.h>
#include <unistd.h>

using namespace rnn::test;

namespace {

rnn_code open(const std::string &path, rnn_error *error) {
  rnn_module *module = nullptr;
  rnn_code code = rnn_module_open(path.c_str(), &module, error);
  rnn_module_close(module);
  return code;
}

rnn_code inspect(const std::string &path, rnn_error *error) {
  char *json = nullptr;
  rnn_code code = rnn_module_inspect(path.c_str(), &json, error);
  rnn_string_free(json);
  return code;
}

TEST(Module, OpensAndDescribes) {
  rnn::Module module(modulePath("f32"));
  EXPECT_NE(module.describe().find("\"char_lm.step\""), std::string::npos);
  std::string inspected = rnn::Module::inspect(modulePath("f32"));
  EXPECT_NE(inspected.find("\"runs_here\":true"), std::string::npos);
}

TEST(Module, TwoAtOnceAreDifferent) {
  rnn::Module a(modulePath("f32")), b(modulePath("f64")), c(modulePath("f32"));
  rnn::Session single(a), twice(b);
  EXPECT_EQ(single.parameters()[0].type, RNN_F32);
  EXPECT_EQ(twice.parameters()[0].type, RNN_F64);
}

TEST(Module, EveryTruncationIsRefused) {
  std::string whole = readFile(modulePath("f32"));
  std::string path = filePath("cut.so");
  ASSERT_GT(whole.size(), 4096u);
  for (size_t size = 0; size < whole.size();
       size += size < 256 || whole.size() - size < 256 ? 1 : 37) {
    writeFile(path, whole.substr(0, size));
    rnn_error error = {};
    ASSERT_EQ(RNN_CORRUPT, open(path, &error)) << size << error.message;
    ASSERT_NE(std::string(error.message).find(path), std::string::npos);
  }
  EXPECT_REFUSED(RNN_CORRUPT, "appended", [&](rnn_error *error) {
    writeFile(path, whole + "x");
    return open(path, error);
  }(&error));
}

TEST(Module, EveryFlippedByteIsRefused) {
  std::string whole = readFile(modulePath("f32"));
  std::string path = filePath("flipped.so");
  for (size_t i = 0; i < whole.size(); i += i < 64 ? 1 : 61) {
    std::string damaged = whole;
    damaged[i] = char(damaged[i] ^ 0x10);
    writeFile(path, damaged);
    rnn_error error = {};
    rnn_code code = open(path, &error);
    ASSERT_TRUE(code == RNN_CORRUPT || code == RNN_INCOMPATIBLE)
        << i << " " << rnn_code_name(code) << error.message;
  }
  size_t magic = whole.find(RNN_MODULE_MAGIC);
  for (size_t i = magic; i < magic + sizeof(rnn_module_header); ++i) {
    std::string damaged = whole;
    damaged[i] = char(damaged[i] ^ 0x01);
    writeFile(path, damaged);
    rnn_error error = {};
    rnn_code code = open(path, &error);
    ASSERT_TRUE(code == RNN_CORRUPT || code == RNN_INCOMPATIBLE) << i;
  }
}

TEST(Module, OtherVersionsSayWhich) {
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "newer", open(modulePath("newer"), &error));
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "older", open(modulePath("older"), &error));
}

TEST(Module, OtherCpuIsDescribedButNotOpened) {
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "avx9000",
                 open(modulePath("othercpu"), &error));
  EXPECT_NE(rnn::Module::inspect(modulePath("othercpu"))
                .find("\"missing_features\":[\"avx9000\"]"),
            std::string::npos);
}

// The file of several modules, as rnnc writes it.
std::string joined(const std::vector<std::string> &names) {
  std::string file, table;
  auto append = [](std::string &to, auto record) {
    to.append(reinterpret_cast<const char *>(&record), sizeof record);
  };
  for (const std::string &name : names) {
    std::string module = readFile(modulePath(name));
    append(table, rnn_variant{file.size(), module.size()});
    file += module;
  }
  rnn_variants end = {
      names.size(), XXH3_64bits(table.data(), table.size()), {}};
  std::memcpy(end.magic, RNN_VARIANTS_MAGIC, sizeof end.magic);
  append(table, end);
  return file + table;
}

TEST(Module, OfSeveralTheFirstThatRunsIsUsed) {
  std::string path = filePath("two.so");
  writeFile(path, joined({"othercpu", "f32"}));
  rnn_error error = {};
  EXPECT_EQ(RNN_OK, open(path, &error)) << error.message;
  std::string text = rnn::Module::inspect(path);
  EXPECT_NE(text.find("\"runs_here\":true,\"missing_features\":[]"),
            std::string::npos);
  EXPECT_NE(text.find("\"runs_here\":false,\"missing_features\":[\"avx9000\"]"),
            std::string::npos);
  // Their types tell which one was loaded.
  writeFile(path, joined({"f64", "f32"}));
  rnn::Module first(path);
  rnn::Session session(first);
  EXPECT_EQ(session.parameters()[0].type, RNN_F64);
  writeFile(path, joined({"othercpu", "othercpu"}));
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "avx9000", open(path, &error));
}

TEST(Module, DamageToSeveralIsRefused) {
  std::string whole = joined({"othercpu", "f32"});
  std::string path = filePath("damaged.so");
  size_t table = 2 * sizeof(rnn_variant) + sizeof(rnn_variants);
  for (size_t i = whole.size() - table; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = char(damaged[i] ^ 0x01);
    writeFile(path, damaged);
    rnn_error error = {};
    ASSERT_EQ(RNN_CORRUPT, open(path, &error)) << i << error.message;
  }
  for (size_t size = whole.size() - 1; size > whole.size() - table - 9;
       --size) {
    writeFile(path, whole.substr(0, size));
    rnn_error error = {};
    ASSERT_EQ(RNN_CORRUPT, open(path, &error)) << size << error.message;
  }
  // One of them, though not the one that would run.
  whole[100] = char(whole[100] ^ 0x01);
  writeFile(path, whole);
  EXPECT_REFUSED(RNN_CORRUPT, path, open(path, &error));
}

TEST(Module, OtherFilesAreRefused) {
  EXPECT_REFUSED(RNN_NOT_FOUND, "nowhere.so",
                 open(filePath("nowhere.so"), &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "directory",
                 open(RNN_TEST_FILES, &error));
  std::string fifo = filePath("fifo");
  unlink(fifo.c_str());
  ASSERT_EQ(0, mkfifo(fifo.c_str(), 0600));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "regular file", open(fifo, &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "regular file", inspect(fifo, &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "regular file",
                 open("/dev/zero", &error));
  std::string empty = filePath("empty");
  writeFile(empty, "");
  EXPECT_REFUSED(RNN_CORRUPT, "empty", open(empty, &error));
  // A plain shared object that is not ours: this test's C library.
  std::string maps = readFile("/proc/self/maps");
  size_t at = maps.find("/libc");
  size_t begin = maps.rfind(' ', at) + 1;
  std::string libc = maps.substr(begin, maps.find('\n', at) - begin);
  EXPECT_REFUSED(RNN_CORRUPT, ".rnn.module", open(libc, &error));
  EXPECT_REFUSED(RNN_CORRUPT, ".rnn.module", open("/proc/self/exe", &error));
  writeFile(empty, std::string(4096, '#'));
  EXPECT_REFUSED(RNN_CORRUPT, "shared object", open(empty, &error));
}

TEST(Module, NullHandlesAreRefused) {
  rnn_module *module = nullptr;
  EXPECT_EQ(RNN_INVALID_ARGUMENT, rnn_module_open(nullptr, &module, nullptr));
  EXPECT_EQ(RNN_INVALID_ARGUMENT, rnn_module_open("x", nullptr, nullptr));
  EXPECT_EQ(nullptr, rnn_module_describe(nullptr));
  rnn_module_close(nullptr);
}

} // namespace
