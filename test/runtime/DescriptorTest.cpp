// Descriptor::parse distrusts every field: a sound descriptor changed in any
// way is either still sound or refused as corrupt, never a crash.
#include "Fixture.h"

#include "Descriptor.h"
#include "Failure.h"
#include <nlohmann/json.hpp>

#include <functional>
#include <random>

using namespace rnn;
using namespace rnn::test;
using Document = nlohmann::json;

namespace {

std::string soundText() { return Module(modulePath("regression")).describe(); }

// RNN_OK if it parses.
rnn_code parse(const std::string &text) {
  try {
    Descriptor::parse(text);
    return RNN_OK;
  } catch (const Failure &failure) {
    return failure.code;
  }
}

TEST(Descriptor, Parses) {
  Descriptor descriptor = Descriptor::parse(soundText());
  EXPECT_EQ(descriptor.parameters.size(), 7u);
  EXPECT_EQ(descriptor.entries[descriptor.entryIndex("char_lm")].kind,
            EntryKind::Forward);
  EXPECT_EQ(descriptor.entries[descriptor.entryIndex("next_token")].kind,
            EntryKind::Loss);
  EXPECT_EQ(descriptor.stepOf(0), 1);
  EXPECT_THROW(descriptor.objective(""), Failure); // two of them
  EXPECT_THROW(descriptor.parameterIndex("embed.weigth"), Failure);
}

TEST(Descriptor, RefusesWhatDoesNotFit) {
  using Change = std::function<void(Document &)>;
  const std::vector<std::pair<const char *, Change>> changes = {
      {"no type", [](Document &d) { d.erase("element_type"); }},
      {"a wrong type", [](Document &d) { d["element_type"] = "i32"; }},
      {"negative count", [](Document &d) { d["parameter_count"] = -1; }},
      {"too few elements", [](Document &d) { d["parameter_count"] = 16; }},
      {"enormous count", [](Document &d) { d["parameter_count"] = 1e300; }},
      {"count as text", [](Document &d) { d["parameter_count"] = "480"; }},
      {"fraction", [](Document &d) { d["parameter_count"] = 480.5; }},
      {"unaligned", [](Document &d) { d["parameters"][1]["offset"] = 145; }},
      {"overlap", [](Document &d) { d["parameters"][1]["offset"] = 128; }},
      {"overflow",
       [](Document &d) {
         d["parameters"][0]["shape"] = {int64_t(1) << 40, int64_t(1) << 40};
       }},
      {"zero extent",
       [](Document &d) { d["parameters"][0]["shape"] = {0, 8}; }},
      {"rank",
       [](Document &d) { d["parameters"][0]["shape"] = Document(99, 1); }},
      {"twice",
       [](Document &d) { d["parameters"][1]["name"] = "embed.weight"; }},
      {"slash", [](Document &d) { d["parameters"][1]["name"] = "../x"; }},
      {"newline", [](Document &d) { d["parameters"][1]["name"] = "a\nb"; }},
      {"long",
       [](Document &d) {
         d["parameters"][1]["name"] = std::string(1 << 20, 'a');
       }},
      {"init",
       [](Document &d) { d["parameters"][0]["init"]["kind"] = "magic"; }},
      {"log of zero",
       [](Document &d) {
         d["parameters"][0]["init"] = {{"kind", "log_arange"}, {"first", 0}};
       }},
      {"kind", [](Document &d) { d["entries"][0]["kind"] = "other"; }},
      {"symbol", [](Document &d) { d["entries"][0]["symbol"] = ""; }},
      {"state", [](Document &d) { d["entries"][0]["state_count"] = 7; }},
      {"states differ",
       [](Document &d) { d["entries"][1]["states"][0]["name"] = "other"; }},
      {"bound", [](Document &d) { d["entries"][0]["inputs"][0]["bound"] = 0; }},
      {"extent",
       [](Document &d) { d["entries"][0]["inputs"][0]["shape"][0] = "width"; }},
      {"workspace",
       [](Document &d) { d["entries"][0]["workspace"]["batch"] = -5; }},
      {"model", [](Document &d) { d["models"][0]["step"] = "nowhere"; }},
      {"model kind",
       [](Document &d) { d["models"][0]["step"] = "char_lm.forward"; }},
      {"loss shape",
       [](Document &d) { d["entries"][2]["outputs"][0]["shape"] = {1}; }},
      {"input gradient",
       [](Document &d) { d["entries"][5]["outputs"].erase(1); }},
      {"features", [](Document &d) { d["target"]["features"] = {1}; }},
      {"update", [](Document &d) { d["update"] = 5; }},
  };
  const Document sound = Document::parse(soundText());
  for (const auto &[what, change] : changes) {
    Document changed = sound;
    change(changed);
    EXPECT_EQ(RNN_CORRUPT, parse(changed.dump())) << what;
  }
}

// As of a module for a GPU.
Document deviceDocument(const char *device) {
  Document document = Document::parse(soundText());
  document["target"]["device"] = device;
  document["device_kernels"] = {"scan_0", "product_1"};
  document["norm"] = "rnn_norm";
  document["constants"] = {{"symbol", "rnn_constants"}, {"bytes", 64}};
  return document;
}

TEST(Descriptor, ParsesDevices) {
  EXPECT_EQ(Descriptor::parse(soundText()).device.text(), "cpu");
  EXPECT_EQ(Descriptor::parse(deviceDocument("sim").dump()).device.text(),
            "sim");
  DeviceTarget device =
      Descriptor::parse(deviceDocument("cuda:sm_90").dump()).device;
  EXPECT_EQ(device.text(), "cuda:sm_90");
  EXPECT_EQ(device.architecture, 90);
  EXPECT_EQ(device.kernels, (std::vector<std::string>{"scan_0", "product_1"}));
  EXPECT_EQ(device.norm, "rnn_norm");
  EXPECT_EQ(device.constants, "rnn_constants");
  EXPECT_EQ(device.constantBytes, 64);
  Document plain = deviceDocument("sim");
  for (const char *key : {"norm", "constants", "update"})
    plain.erase(key);
  EXPECT_EQ(Descriptor::parse(plain.dump()).device.norm, "");
}

TEST(Descriptor, RefusesDevicesThatDoNotFit) {
  using Change = std::function<void(Document &)>;
  const std::vector<std::pair<const char *, Change>> changes = {
      {"unknown", [](Document &d) { d["target"]["device"] = "gpu"; }},
      {"number", [](Document &d) { d["target"]["device"] = 1; }},
      {"cpu", [](Document &d) { d["target"]["device"] = "cpu"; }},
      {"no architecture", [](Document &d) { d["target"]["device"] = "cuda"; }},
      {"zero", [](Document &d) { d["target"]["device"] = "cuda:sm_00"; }},
      {"sign", [](Document &d) { d["target"]["device"] = "cuda:sm_-9"; }},
      {"long", [](Document &d) { d["target"]["device"] = "cuda:sm_9000"; }},
      {"no device", [](Document &d) { d["target"].erase("device"); }},
      {"no kernels", [](Document &d) { d.erase("device_kernels"); }},
      {"kernels", [](Document &d) { d["device_kernels"] = "scan_0"; }},
      {"kernel", [](Document &d) { d["device_kernels"][1] = 5; }},
      {"kernel name", [](Document &d) { d["device_kernels"][1] = "a b"; }},
      {"kernel twice", [](Document &d) { d["device_kernels"][1] = "scan_0"; }},
      {"norm", [](Document &d) { d["norm"] = ""; }},
      {"no norm", [](Document &d) { d.erase("norm"); }},
      {"constants", [](Document &d) { d["constants"] = "rnn_constants"; }},
      {"no symbol", [](Document &d) { d["constants"].erase("symbol"); }},
      {"no bytes", [](Document &d) { d["constants"]["bytes"] = 0; }},
      {"bytes",
       [](Document &d) { d["constants"]["bytes"] = int64_t(1) << 60; }},
  };
  for (const char *device : {"sim", "cuda:sm_80"})
    for (const auto &[what, change] : changes) {
      Document changed = deviceDocument(device);
      change(changed);
      EXPECT_EQ(RNN_CORRUPT, parse(changed.dump())) << what;
    }
}

TEST(Descriptor, RefusesTextThatIsNotStrictJson) {
  EXPECT_EQ(RNN_CORRUPT, parse(""));
  EXPECT_EQ(RNN_CORRUPT, parse("[]"));
  EXPECT_EQ(RNN_CORRUPT, parse("{\"a\":1,\"a\":2}"));
  EXPECT_EQ(RNN_CORRUPT, parse("{\"a\":\"\xff\"}"));
  EXPECT_EQ(RNN_CORRUPT, parse(std::string(1000000, '[')));
  EXPECT_EQ(RNN_CORRUPT, parse("{\"a\":" + std::string(100, '[') +
                               std::string(100, ']') + "}"));
}

// Every value replaced by odd ones, and random bytes changed.
TEST(Descriptor, SurvivesFuzzing) {
  const Document sound = Document::parse(soundText());
  const std::vector<Document> odd = {
      nullptr, -1, 0,    INT64_MAX, UINT64_MAX,
      1e308,   "", true, {},        Document::array()};
  std::vector<Document::json_pointer> places;
  const Document flat = sound.flatten();
  for (auto &[place, value] : flat.items())
    places.emplace_back(place);
  for (const auto &place : places)
    for (const Document &value : odd) {
      Document changed = sound;
      changed[place] = value;
      rnn_code code = parse(changed.dump());
      EXPECT_TRUE(code == RNN_OK || code == RNN_CORRUPT)
          << place.to_string() << value << rnn_code_name(code);
    }
  std::mt19937 random(1);
  std::string text = soundText();
  for (int i = 0; i < 3000; ++i) {
    std::string changed = text;
    for (int j = 0; j < 1 + i % 3; ++j)
      changed[random() % changed.size()] = char(random());
    rnn_code code = parse(changed);
    EXPECT_TRUE(code == RNN_OK || code == RNN_CORRUPT) << changed;
  }
}

} // namespace
