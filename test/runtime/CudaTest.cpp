// The CUDA device by a driver without a GPU (FakeCuda.cpp), whose kernels the
// simulated GPU runs: what is copied when, and what is said where it fails.
#include "Fixture.h"

#include <cstdlib>
#include <dlfcn.h>
#include <nlohmann/json.hpp>
#include <numeric>

using namespace rnn::test;

namespace {

class CudaTest : public ::testing::Test {
protected:
  void SetUp() override {
    setenv("RNN_CUDA_LIBRARY", RNN_TEST_CUDA, 1);
    setenv("FAKE_CUDA_KERNELS", modulePath("gpu_sim").c_str(), 1);
    open("gpu_cuda");
  }
  void TearDown() override {
    rnn_session_destroy(session);
    rnn_module_close(module);
    for (const char *name :
         {"RNN_CUDA_LIBRARY", "FAKE_CUDA_KERNELS", "FAKE_CUDA_ARCH",
          "FAKE_CUDA_VERSION", "FAKE_CUDA_GPUS", "FAKE_CUDA_MEMORY",
          "FAKE_CUDA_FAIL", "FAKE_CUDA_LOG"})
      unsetenv(name);
  }
  void open(const char *name) {
    rnn_module_close(module);
    module = nullptr;
    ASSERT_ACCEPTED(rnn_module_open(modulePath(name).c_str(), &module, &error));
  }
  rnn_code create(const char *device, rnn_error &why) {
    rnn_session_options options = {};
    options.struct_size = sizeof options;
    options.threads = 1;
    options.device = device;
    return rnn_session_create(module, &options, &session, &why);
  }
  rnn_code run(int64_t batch, int64_t time, rnn_error &why) {
    in.resize(size_t(batch * time * 3));
    std::iota(in.begin(), in.end(), 1.0f);
    out.assign(in.size(), 0);
    int64_t shape[] = {batch, time, 3};
    rnn_tensor x = {in.data(), RNN_F32, 3, shape};
    rnn_tensor y = {out.data(), RNN_F32, 3, shape};
    return rnn_session_run(session, "scale", &x, 1, &y, 1, nullptr, nullptr,
                           &why);
  }
  // The driver is loaded once for a process: in one that has not done so.
  void expectUnavailable(const char *setting, const char *value,
                         const char *message) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
          setenv(setting, value, 1);
          rnn_error why = {};
          rnn_code code = create("cuda:0", why);
          std::fputs(why.message, stderr);
          std::exit(code == RNN_UNAVAILABLE ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), message);
  }
  // How often the driver's function is called while `body` runs.
  template <typename Body> long callsOf(const char *function, Body &&body) {
    void *driver = dlopen(RNN_TEST_CUDA, RTLD_NOW | RTLD_LOCAL);
    auto count = reinterpret_cast<long (*)(const char *)>(
        dlsym(driver, "fake_cuda_calls"));
    long before = count(function);
    body();
    long after = count(function);
    dlclose(driver);
    return after - before;
  }
  void runDoubled(int64_t batch, int64_t time) {
    ASSERT_ACCEPTED(run(batch, time, error));
    expectDoubled();
  }
  void expectDoubled() {
    for (size_t i = 0; i < in.size(); ++i)
      ASSERT_EQ(out[i], 2 * in[i]) << i;
  }

  rnn_error error = {};
  rnn_module *module = nullptr;
  rnn_session *session = nullptr;
  std::vector<float> in, out;
};

TEST_F(CudaTest, RunsKernels) {
  for (const char *device : {"cuda:0", static_cast<const char *>(nullptr)}) {
    ASSERT_ACCEPTED(create(device, error));
    ASSERT_ACCEPTED(run(2, 5, error));
    expectDoubled();
    // Again, in the memory that is there.
    ASSERT_ACCEPTED(run(1, 3, error));
    expectDoubled();
    rnn_session_destroy(session);
    session = nullptr;
  }
}

TEST_F(CudaTest, CopiesMoreThanFitsTheStagingMemory) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  ASSERT_ACCEPTED(run(1, 1000000, error));
  expectDoubled();
}

TEST_F(CudaTest, MissingDriverIsTold) {
  expectUnavailable("RNN_CUDA_LIBRARY", "/nowhere/libcuda.so.1",
                    "there is no CUDA driver on this machine");
}

TEST_F(CudaTest, OldDriverIsTold) {
  expectUnavailable("FAKE_CUDA_VERSION", "10020",
                    "the CUDA driver is too old: it is for CUDA 10.2; install "
                    "one for CUDA 11.0 or later");
}

TEST_F(CudaTest, MachineWithoutGpuIsTold) {
  expectUnavailable("FAKE_CUDA_FAIL", "cuInit:100",
                    "finds no GPU on this machine");
}

TEST_F(CudaTest, UnknownGpuIsTold) {
  EXPECT_REFUSED(RNN_UNAVAILABLE, "there is no cuda:3: this machine has 1 GPU",
                 create("cuda:3", error));
}

TEST_F(CudaTest, OlderGpuIsTold) {
  setenv("FAKE_CUDA_ARCH", "80", 1);
  EXPECT_REFUSED(RNN_INCOMPATIBLE,
                 "compiled for sm_90 and cuda:0 (Fake GPU) is sm_80: compile "
                 "the model with rnnc --target=cuda:sm_80",
                 create("cuda:0", error));
}

TEST_F(CudaTest, NewerGpuIsFine) {
  setenv("FAKE_CUDA_ARCH", "100", 1);
  ASSERT_ACCEPTED(create("cuda:0", error));
  ASSERT_ACCEPTED(run(1, 1, error));
  expectDoubled();
}

TEST_F(CudaTest, DriverThatCannotReadThePtxIsTold) {
  setenv("FAKE_CUDA_FAIL", "cuModuleLoadDataEx:222", 1);
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "too old for the module, which is PTX 7.8",
                 create("cuda:0", error));
  setenv("FAKE_CUDA_FAIL", "cuModuleLoadDataEx:218", 1);
  setenv("FAKE_CUDA_LOG", "ptxas application ptx input, line 9; wrong\nmore",
         1);
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "line 9; wrong", create("cuda:0", error));
  setenv("FAKE_CUDA_FAIL", "cuModuleGetFunction:500", 1);
  EXPECT_REFUSED(RNN_CORRUPT, "lacks the kernel 'scale'",
                 create("cuda:0", error));
}

TEST_F(CudaTest, TooLittleMemoryIsTold) {
  setenv("FAKE_CUDA_MEMORY", "1000000", 1);
  ASSERT_ACCEPTED(create("cuda:0", error));
  EXPECT_REFUSED(RNN_OUT_OF_MEMORY, "cuda:0 has too little memory: 11 MiB",
                 run(1, 1000000, error));
  ASSERT_ACCEPTED(run(1, 4, error));
  expectDoubled();
}

TEST_F(CudaTest, FailedLaunchIsTold) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  setenv("FAKE_CUDA_FAIL", "cuLaunchKernel:701", 1);
  EXPECT_REFUSED(RNN_INTERNAL, "launching kernel scale: CUDA_ERROR_701",
                 run(1, 1, error));
  setenv("FAKE_CUDA_FAIL", "cuStreamSynchronize:719", 1);
  EXPECT_REFUSED(RNN_INTERNAL, "CUDA_ERROR_719", run(1, 1, error));
  // What an earlier kernel did may show in a launch, which is not to blame.
  setenv("FAKE_CUDA_FAIL", "cuLaunchKernel:700", 1);
  EXPECT_REFUSED(RNN_INTERNAL,
                 "cuda:0: a kernel failed: CUDA_ERROR_700 (as the test wants); "
                 "the last one launched is scale, one before it may be",
                 run(1, 200, error));
  setenv("FAKE_CUDA_FAIL", "cuFuncSetAttribute:1", 1);
  rnn_session_destroy(session);
  session = nullptr;
  ASSERT_ACCEPTED(create("cuda:0", error));
  EXPECT_REFUSED(RNN_INTERNAL, "65536 bytes of shared memory for kernel scale",
                 run(1, 1, error));
}

TEST_F(CudaTest, CallThatComesAgainIsOneGraph) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  auto launchesOf = [&](int64_t batch, int64_t time) {
    return callsOf("cuLaunchKernel", [&] { runDoubled(batch, time); });
  };
  auto graphsOf = [&](int64_t batch, int64_t time) {
    return callsOf("cuGraphLaunch", [&] { runDoubled(batch, time); });
  };
  auto made = [&](int64_t batch, int64_t time) {
    return callsOf("cuGraphInstantiateWithFlags",
                   [&] { runDoubled(batch, time); });
  };
  EXPECT_EQ(launchesOf(8, 100), 2); // new
  EXPECT_EQ(made(8, 100), 1);       // again
  EXPECT_EQ(launchesOf(8, 100), 0);
  EXPECT_EQ(graphsOf(8, 100), 1);
  EXPECT_EQ(made(8, 100), 0);
  // Another shape is launched, then another graph; the first is still there.
  EXPECT_EQ(launchesOf(8, 200), 2);
  EXPECT_EQ(made(8, 200), 1);
  EXPECT_EQ(launchesOf(8, 200), 0);
  EXPECT_EQ(made(8, 100), 1); // at the new addresses, as most differ
  EXPECT_EQ(graphsOf(8, 100), 1);
  EXPECT_EQ(made(8, 100), 0);
}

// Blocks and threads are the same; the count, an argument, is not.
TEST_F(CudaTest, GraphGetsTheArgumentsOfEachCall) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  auto set = [&](int64_t time) {
    return callsOf("cuGraphExecKernelNodeSetParams_v2",
                   [&] { runDoubled(1, time); });
  };
  runDoubled(1, 20);
  EXPECT_EQ(set(20), 0); // made
  EXPECT_EQ(set(20), 0);
  EXPECT_EQ(set(18), 0); // another for arguments that differ
  EXPECT_EQ(set(20), 0);
  EXPECT_EQ(set(16), 2); // a third is not made
  EXPECT_EQ(set(16), 0);
  EXPECT_EQ(callsOf("cuLaunchKernel", [&] { runDoubled(1, 18); }), 0);
}

TEST_F(CudaTest, OldGraphsMakeRoom) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  auto all = [&] {
    for (int64_t time = 1; time <= 20; ++time)
      for (int again = 0; again < 3; ++again)
        runDoubled(1, 43 * time);
  };
  EXPECT_EQ(callsOf("cuGraphExecDestroy", all), 4);
  EXPECT_EQ(callsOf("cuGraphLaunch", all), 40);
}

// Then its launches go one by one.
TEST_F(CudaTest, DriverThatMakesNoGraphsDoesAsWell) {
  for (const char *function :
       {"cuGraphCreate", "cuGraphAddKernelNode_v2",
        "cuGraphInstantiateWithFlags", "cuGraphExecKernelNodeSetParams_v2"}) {
    ASSERT_ACCEPTED(create("cuda:0", error));
    setenv("FAKE_CUDA_FAIL", (std::string(function) + ":801").c_str(), 1);
    for (int64_t time : {20, 20, 18, 18, 16, 16})
      runDoubled(1, time);
    EXPECT_EQ(callsOf("cuGraphLaunch", [&] { runDoubled(1, 14); }), 0)
        << function;
    EXPECT_EQ(callsOf("cuLaunchKernel", [&] { runDoubled(1, 14); }), 2)
        << function;
    unsetenv("FAKE_CUDA_FAIL");
    rnn_session_destroy(session);
    session = nullptr;
  }
}

TEST_F(CudaTest, OldDriverLaunchesOneByOne) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("FAKE_CUDA_VERSION", "11030", 1);
        rnn_error why = {};
        create("cuda:0", why);
        long graphs = callsOf("cuGraphCreate", [&] {
          for (int i = 0; i < 3; ++i)
            runDoubled(1, 20);
        });
        std::exit(why.code == RNN_OK && graphs == 0 && !HasFailure() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(CudaTest, FailedGraphIsTold) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  for (int i = 0; i < 3; ++i)
    runDoubled(1, 20);
  setenv("FAKE_CUDA_FAIL", "cuGraphLaunch:701", 1);
  EXPECT_REFUSED(RNN_INTERNAL,
                 "launching the kernels of a call: CUDA_ERROR_701",
                 run(1, 20, error));
  setenv("FAKE_CUDA_FAIL", "cuGraphLaunch:700", 1);
  EXPECT_REFUSED(RNN_INTERNAL, "a kernel failed: CUDA_ERROR_700",
                 run(1, 20, error));
  unsetenv("FAKE_CUDA_FAIL");
  runDoubled(1, 20);
}

TEST_F(CudaTest, LaunchesAreTimedWhereAsked) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  auto profile = [&] {
    char *text = nullptr;
    EXPECT_EQ(RNN_OK, rnn_session_profile(session, &text, &error));
    auto parsed = nlohmann::json::parse(text ? text : "null");
    rnn_string_free(text);
    return parsed;
  };
  for (int i = 0; i < 3; ++i)
    runDoubled(8, 100);
  EXPECT_EQ(profile()["kernels"].size(), 0u);
  ASSERT_ACCEPTED(rnn_session_set_profiling(session, 1, &error));
  EXPECT_EQ(callsOf("cuGraphLaunch", [&] { runDoubled(8, 100); }), 0);
  runDoubled(8, 100);
  for (int again = 0; again < 2; ++again) {
    auto seen = profile();
    EXPECT_EQ(seen["device"], "cuda:0");
    ASSERT_EQ(seen["kernels"].size(), 1u);
    EXPECT_EQ(seen["kernels"][0]["name"], "scale");
    EXPECT_EQ(seen["kernels"][0]["launches"], 4);
    EXPECT_GT(seen["kernels"][0]["milliseconds"], 0);
  }
  // More than are waited for at a time.
  for (int i = 0; i < 2500; ++i)
    ASSERT_ACCEPTED(run(1, 1, error));
  EXPECT_EQ(profile()["kernels"][0]["launches"], 5004);
  setenv("FAKE_CUDA_FAIL", "cuEventElapsedTime:999", 1);
  runDoubled(1, 2);
  char *text = nullptr;
  EXPECT_REFUSED(RNN_INTERNAL, "timing kernels: CUDA_ERROR_999",
                 rnn_session_profile(session, &text, &error));
  setenv("FAKE_CUDA_FAIL", "cuEventCreate:999", 1);
  ASSERT_ACCEPTED(rnn_session_set_profiling(session, 1, &error));
  EXPECT_REFUSED(RNN_INTERNAL, "timing a kernel: CUDA_ERROR_999",
                 run(1, 2, error));
  unsetenv("FAKE_CUDA_FAIL");
  ASSERT_ACCEPTED(rnn_session_set_profiling(session, 0, &error));
  EXPECT_EQ(callsOf("cuGraphLaunch", [&] { runDoubled(8, 100); }), 1);
  EXPECT_EQ(profile()["kernels"].size(), 0u);
}

TEST_F(CudaTest, ProfileTellsMemory) {
  ASSERT_ACCEPTED(create("cuda:0", error));
  auto bytes = [&](const char *which) {
    char *text = nullptr;
    EXPECT_EQ(RNN_OK, rnn_session_profile(session, &text, &error));
    int64_t value = nlohmann::json::parse(text)[which];
    rnn_string_free(text);
    return value;
  };
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "json",
                 rnn_session_profile(session, nullptr, &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "session",
                 rnn_session_set_profiling(nullptr, 1, &error));
  int64_t before = bytes("bytes");
  EXPECT_EQ(bytes("peak_bytes"), before);
  runDoubled(1, 1000); // input, output, workspace
  EXPECT_EQ(bytes("bytes"), before + 2 * 12000 + 64);
  runDoubled(1, 3000);
  int64_t most = bytes("peak_bytes");
  EXPECT_EQ(most, before + 2 * 36000 + 64);
  runDoubled(1, 10);
  EXPECT_EQ(bytes("peak_bytes"), most);
}

// Whatever fails, a line tells it; the fake sees to it that nothing is left
// when the context ends, and the next session runs.
TEST_F(CudaTest, EveryCallMayFail) {
  for (const char *function :
       {"cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetAttribute",
        "cuDevicePrimaryCtxRetain", "cuStreamCreate", "cuMemHostAlloc",
        "cuEventCreate", "cuModuleLoadDataEx", "cuModuleGetFunction",
        "cuMemAlloc_v2", "cuMemcpyHtoDAsync_v2", "cuEventRecord"}) {
    setenv("FAKE_CUDA_FAIL", (std::string(function) + ":999").c_str(), 1);
    rnn_error why = {};
    EXPECT_NE(RNN_OK, create("cuda:0", why)) << function;
    EXPECT_NE(std::string(why.message), "") << function;
    unsetenv("FAKE_CUDA_FAIL");
    ASSERT_ACCEPTED(create("cuda:0", error));
    ASSERT_ACCEPTED(run(1, 2, error));
    expectDoubled();
    rnn_session_destroy(session);
    session = nullptr;
  }
}

TEST_F(CudaTest, OtherKindsOfDevicesAreRefused) {
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "compiled for cuda:sm_90 and cannot run on",
                 create("cpu", error));
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "cannot run on sim", create("sim", error));
  open("gpu_sim");
  EXPECT_REFUSED(RNN_INCOMPATIBLE, "compiled for sim and cannot run on cuda:0",
                 create("cuda:0", error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "there is no device 'cuda'",
                 create("cuda", error));
  ASSERT_ACCEPTED(create("sim:7", error));
  ASSERT_ACCEPTED(run(2, 5, error));
  expectDoubled();
}

} // namespace
