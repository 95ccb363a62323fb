// Checkpoints: damaged and hostile files are refused and change nothing; a
// save that fails leaves the previous file.
#include "FailingSystem.h"
#include "Failure.h"
#include "FileReader.h"
#include "Fixture.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <sys/stat.h>
#include <unistd.h>

using namespace rnn;
using namespace rnn::test;
using Document = nlohmann::json;

namespace {

class Checkpoint : public ::testing::Test {
protected:
  void SetUp() override {
    path = filePath("file");
    session.setMetadata("tokenizer", "{\"kind\":\"bytes\"}");
    session.save(path);
    good = readFile(path);
    uint64_t length = 0;
    std::memcpy(&length, good.data(), 8);
    header = Document::parse(good.substr(8, length));
    data = good.substr(8 + length);
  }

  // The same file without our checksums, as another program writes it.
  Document foreign() const {
    Document plain = header;
    plain.erase("__metadata__");
    return plain;
  }
  std::string pack(const std::string &text, const std::string &content) {
    uint64_t length = text.size();
    std::string prefix(8, '\0');
    std::memcpy(prefix.data(), &length, 8);
    return prefix + text + content;
  }
  rnn_code load(const std::string &bytes, rnn_error *error) {
    writeFile(path, bytes);
    return rnn_session_load(session.get(), path.c_str(), error);
  }
  rnn_code loadHeader(const Document &changed, rnn_error *error) {
    return load(pack(changed.dump(), data), error);
  }

  Module module{modulePath("f32")};
  Session session{module, 1, 4};
  std::string path, good, data;
  Document header;
};

TEST_F(Checkpoint, GoesRound) {
  Session other(module, 1, 5);
  other.load(path);
  EXPECT_TRUE(sameBits(allParameters(session), allParameters(other)));
  EXPECT_EQ(other.metadata("tokenizer"), "{\"kind\":\"bytes\"}");
  EXPECT_EQ((8 + good.size() - data.size() - 8) % 64, 0u);
  char *json = nullptr;
  ASSERT_ACCEPTED(rnn_checkpoint_inspect(path.c_str(), &json, &error));
  Document inspected = Document::parse(json);
  rnn_string_free(json);
  EXPECT_EQ(inspected["tensors"].size(), 6u);
  EXPECT_EQ(inspected["tensors"][0]["checked"], true);
  EXPECT_EQ(inspected["metadata"]["tokenizer"], "{\"kind\":\"bytes\"}");
}

TEST_F(Checkpoint, OtherProgramsFilesLoad) {
  std::vector<float> before = allParameters(session);
  session.initialize(77);
  ASSERT_ACCEPTED(loadHeader(foreign(), &error));
  EXPECT_TRUE(sameBits(before, allParameters(session)));
}

TEST_F(Checkpoint, SinglesAndDoublesConvert) {
  Module wide(modulePath("f64"));
  Session doubles(wide, 1, 9);
  doubles.load(path);
  std::vector<double> values(17 * 8);
  std::vector<float> singles(17 * 8);
  doubles.getParameter("embed.weight", {values.data(), RNN_F64, {17, 8}});
  session.getParameter("embed.weight", {singles.data(), RNN_F32, {17, 8}});
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(values[i], double(singles[i]));
  doubles.save(path);
  std::vector<float> before = allParameters(session);
  session.load(path);
  EXPECT_TRUE(sameBits(before, allParameters(session)));
}

TEST_F(Checkpoint, EveryTruncationIsRefused) {
  std::vector<float> before = allParameters(session);
  for (size_t size = 0; size < good.size(); size += size < 300 ? 1 : 23) {
    rnn_error error = {};
    ASSERT_EQ(RNN_CORRUPT, load(good.substr(0, size), &error)) << size;
    if (size > good.size() - 23) {
      EXPECT_NE(std::string(error.message).find("cut short"), std::string::npos)
          << error.message;
    }
  }
  EXPECT_EQ(RNN_CORRUPT, load(good + "x", nullptr));
  EXPECT_TRUE(sameBits(before, allParameters(session)));
}

// Whatever is read, it is read through FileReader: a text, too.
TEST_F(Checkpoint, AFileThatShrinksMeanwhileIsRefused) {
  FileReader file(path);
  ASSERT_EQ(truncate(path.c_str(), file.size() / 2), 0);
  std::string bytes(size_t(file.size()), '\0');
  try {
    file.read(0, bytes.data(), file.size());
    FAIL() << "read past the end";
  } catch (const Failure &failure) {
    EXPECT_EQ(failure.code, RNN_CORRUPT);
    EXPECT_NE(std::string(failure.what()).find("shortened"), std::string::npos);
  }
}

TEST_F(Checkpoint, EveryFlippedByteIsRefused) {
  std::vector<float> before = allParameters(session);
  for (size_t i = 0; i < good.size(); i += i < 700 ? 1 : 31) {
    std::string damaged = good;
    damaged[i] = char(damaged[i] ^ (1 << (i % 8)));
    rnn_error error = {};
    ASSERT_EQ(RNN_CORRUPT, load(damaged, &error)) << i << error.message;
  }
  EXPECT_TRUE(sameBits(before, allParameters(session)));
}

TEST_F(Checkpoint, HostileHeadersAreRefused) {
  using Change = std::function<void(Document &)>;
  auto offsets = [](const char *name, int64_t begin, int64_t end) {
    return [=](Document &h) { h[name]["data_offsets"] = {begin, end}; };
  };
  const std::vector<std::pair<const char *, Change>> changes = {
      {"overlap", offsets("head.bias", 0, 68)},
      {"hole", [](Document &h) { h.erase("head.bias"); }},
      {"outside", offsets("head.bias", 1 << 20, (1 << 20) + 68)},
      {"backwards", offsets("head.bias", 68, 0)},
      {"negative", offsets("head.bias", -68, 0)},
      {"overflowing", offsets("head.bias", INT64_MAX - 10, INT64_MAX)},
      {"huge shape",
       [](Document &h) {
         h["head.bias"]["shape"] = {int64_t(1) << 62, int64_t(1) << 62};
       }},
      {"other shape", [](Document &h) { h["head.bias"]["shape"] = {16}; }},
      {"negative shape", [](Document &h) { h["head.bias"]["shape"] = {-17}; }},
      {"fraction", [](Document &h) { h["head.bias"]["shape"] = {17.0}; }},
      {"type", [](Document &h) { h["head.bias"]["dtype"] = "F31"; }},
      {"no type", [](Document &h) { h["head.bias"].erase("dtype"); }},
      {"extra member", [](Document &h) { h["head.bias"]["x"] = 1; }},
      {"metadata", [](Document &h) { h["__metadata__"] = {{"a", 1}}; }},
      {"nul",
       [](Document &h) {
         h[std::string("a\0b", 3)] = h["head.bias"];
         h.erase("head.bias");
       }},
      {"parent",
       [](Document &h) {
         h["../../head.bias"] = h["head.bias"];
         h.erase("head.bias");
       }},
      {"long",
       [](Document &h) {
         h[std::string(1 << 20, 'n')] = h["head.bias"];
         h.erase("head.bias");
       }},
  };
  for (const auto &[what, change] : changes) {
    Document changed = foreign();
    change(changed);
    rnn_error error = {};
    EXPECT_EQ(RNN_CORRUPT, loadHeader(changed, &error))
        << what << error.message;
  }
  std::string text = foreign().dump();
  auto refused = [&](const std::string &bytes, const char *what) {
    rnn_error error = {};
    EXPECT_EQ(RNN_CORRUPT, load(bytes, &error)) << what << error.message;
  };
  refused(pack("[]", data), "an array");
  refused(pack("", data), "empty");
  refused(pack("{", data), "no JSON");
  refused(pack(" " + text, data), "a blank first");
  refused(pack("{\"a\xff\":1}", data), "not UTF-8");
  refused(pack("{\"a\":" + std::string(100000, '['), data), "deep");
  refused(pack(text.substr(0, text.size() - 1) + ",\"head.bias\":{}}", data),
          "twice");
  refused(std::string(8, '\xff') + text + data, "an enormous length");
}

TEST_F(Checkpoint, WhatDoesNotFitIsNamed) {
  auto renamed = [&](const char *from, const char *to) {
    Document changed = foreign();
    changed[to] = changed[from];
    changed.erase(from);
    return changed;
  };
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "lacks the parameter 'head.bias'",
                 loadHeader(renamed("head.bias", "bias"), &error));
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "tensor 'bias' [17]",
                 loadHeader(renamed("head.bias", "bias"), &error));
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "renamed",
                 loadHeader(renamed("head.bias", "bias"), &error));
  Document shape = foreign();
  shape["head.weight"]["shape"] = {8, 17};
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "'head.weight' has shape [8,17]",
                 loadHeader(shape, &error));
  Document type = foreign();
  type["head.bias"]["dtype"] = "I32";
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "type I32", loadHeader(type, &error));
  Document extra = foreign();
  extra["more"] = {{"dtype", "F32"},
                   {"shape", {1}},
                   {"data_offsets", {data.size(), data.size() + 4}}};
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "'more'",
                 load(pack(extra.dump(), data + "1234"), &error));
  // Another module's checkpoint.
  Module other(modulePath("regression"));
  Session theirs(other, 1);
  theirs.save(path);
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "'scale'",
                 rnn_session_load(session.get(), path.c_str(), &error));
}

TEST_F(Checkpoint, NotFiniteParametersAreRefused) {
  for (uint32_t bits : {0x7fc00000u, 0x7f800000u, 0xff800000u}) {
    std::memcpy(&data[8], &bits, 4);
    EXPECT_REFUSED(RNN_NOT_FINITE, "element 2 of 'embed.weight'",
                   loadHeader(foreign(), &error));
  }
}

TEST_F(Checkpoint, OptimizerOfAnotherModelIsRefused) {
  Module other(modulePath("regression"));
  Session theirs(other, 1);
  Trainer their(theirs, "next_token"), ours(session);
  their.save(path);
  EXPECT_EQ(RNN_INCOMPATIBLE, codeOf([&] { ours.resume(path); }));
}

TEST_F(Checkpoint, EveryFailureOfASaveLeavesThePreviousFile) {
  Trainer trainer(session);
  trainer.step(Text(1, 4).both());
  session.setMetadata("more", "yes");
  bool saved = false;
  for (int64_t call = 0; !saved; ++call) {
    ASSERT_LT(call, 100);
    failingFile = call;
    rnn_error error = {};
    rnn_code code =
        rnn_trainer_save(trainer.get(), path.c_str(), nullptr, 0, &error);
    saved = failingFile >= 0; // nothing was left to fail
    failingFile = -1;
    if (saved) {
      EXPECT_EQ(RNN_OK, code) << error.message;
      break;
    }
    EXPECT_EQ(RNN_IO, code) << call;
    std::string now = readFile(path);
    Session reader(module, 1);
    reader.load(path);
    // Once renamed, the new file is whole; before that the old one is there.
    if (now == good)
      EXPECT_EQ(reader.metadata("more"), "");
    else
      EXPECT_EQ(reader.metadata("more"), "yes") << call;
  }
  EXPECT_NE(readFile(path), good);
  EXPECT_NE(0, access((path + ".tmp").c_str(), F_OK));
}

TEST_F(Checkpoint, PlacesThatCannotBeWrittenAreRefused) {
  rnn_session *s = session.get();
  EXPECT_REFUSED(RNN_IO, "cannot create",
                 rnn_session_save(s, "/nowhere/at/all", &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "not a regular file",
                 rnn_session_save(s, "/dev/full", &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "not a regular file",
                 rnn_session_save(s, RNN_TEST_FILES, &error));
  // A leftover of a save that was killed does not disturb.
  writeFile(path + ".tmp", std::string(1 << 20, 'x'));
  session.save(path);
  EXPECT_EQ(readFile(path), good);
  // A link stays one.
  std::string link = filePath("link");
  unlink(link.c_str());
  ASSERT_EQ(0, symlink(path.c_str(), link.c_str()));
  session.save(link);
  struct stat status;
  ASSERT_EQ(0, lstat(link.c_str(), &status));
  EXPECT_TRUE(S_ISLNK(status.st_mode));
}

TEST_F(Checkpoint, MetadataKeysAreChecked) {
  auto set = [&](const char *key, const char *value, rnn_error *error) {
    return rnn_session_set_metadata(session.get(), key, value, error);
  };
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "rnn.", set("rnn.x", "1", &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "empty", set("", "1", &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "UTF-8", set("a", "\xff", &error));
  ASSERT_ACCEPTED(set("tokenizer", nullptr, &error));
  EXPECT_EQ(nullptr, rnn_session_metadata(session.get(), "tokenizer"));
}

} // namespace
