// See Host.h.
#include "cpu/Host.h"

#include "ElementType.h"
#include "cpu/TiledProduct.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

using namespace rnn;

const Kernels &rnn::chooseKernels() {
  __builtin_cpu_init();
  bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
            __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
            __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt") &&
            __builtin_cpu_supports("movbe");
  bool v4 = v3 && __builtin_cpu_supports("avx512f") &&
            __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") &&
            __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl");
  return v4 ? kernelsV4 : v3 ? kernelsV3 : kernelsBase;
}

Host::Host(unsigned threads, const rnn_host *given, Device *device)
    : program(given ? *given : rnn_host{}), device(device),
      pool(program.parallel_for ? 1 : threads), chosen(chooseKernels()) {
  functions = {
      sizeof functions,
      0,
      this,
      [](void *context, int64_t count, ThreadPool::Body body, void *argument) {
        auto &host = *static_cast<Host *>(context);
        host.timed(body, [&] { host.parallelFor(count, body, argument); });
      },
      [](void *context, const rnn_matmul *product) {
        auto &host = *static_cast<Host *>(context);
        host.timed(*product, [&] { host.matmul(*product); });
      },
      [](void *context, const rnn_launch *launch) {
        static_cast<Host *>(context)->launch(*launch);
      }};
  stepFunctions = functions;
  stepFunctions.matmul = [](void *context, const rnn_matmul *product) {
    auto &host = *static_cast<Host *>(context);
    host.timed(*product, [&] { host.matmul(*product, false); });
  };
}

void Host::setProfiling(bool on) {
  profile.reset();
  if (on)
    profile.emplace();
}

template <typename Work, typename What>
void Host::timed(const What &what, Work work) noexcept {
  if (!profile)
    return work();
  auto start = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double, std::milli> taken =
      std::chrono::steady_clock::now() - start;
  try {
    profile->add(what, taken.count());
  } catch (...) {
    failure = std::current_exception();
  }
}

void Host::parallelFor(int64_t count, ThreadPool::Body body, void *argument) {
  if (program.parallel_for)
    program.parallel_for(program.context, count, body, argument);
  else
    pool.parallelFor(count, body, argument);
}

void Host::launch(const rnn_launch &launch) noexcept {
  if (failure)
    return;
  try {
    device->launch(launch);
  } catch (...) {
    failure = std::current_exception();
  }
}

void Host::throwFailure() {
  if (std::exception_ptr thrown = std::exchange(failure, nullptr))
    std::rethrow_exception(thrown);
}

// Up to so many rows the kernel that packs nothing wins; measured.
static constexpr int64_t fewRowsBesideLibrary = 8, fewRowsAlone = 32;

void Host::matmul(const rnn_matmul &product, bool mayAllocate) {
  if (program.matmul)
    return program.matmul(program.context, &product);
  if (product.m <= 0 || product.n <= 0)
    return;
  if (product.k <= 0) {
    int64_t size = byteSize(rnn_element_type(product.result_type));
    for (int64_t i = 0; i < product.m && !product.accumulate; ++i)
      std::memset(static_cast<char *>(product.c) + i * product.ldc * size, 0,
                  size_t(product.n * size));
    return;
  }
  if (const float *panels =
          mayAllocate || !stepWeights ? nullptr : stepWeights->find(product))
    return packedProduct(product, panels);
  bool isNarrow = product.element_type == RNN_BF16;
  bool library =
      mayAllocate && oneDnn.available() && product.element_type != RNN_F64;
  int64_t few = library ? fewRowsBesideLibrary : fewRowsAlone;
  if (product.m <= few && !product.transpose_a && !isNarrow)
    fewRowsProduct(product);
  else
    tiledProduct(product, library, mayAllocate);
}

// Below this many multiplications a second thread costs more than it gives.
static constexpr int64_t worthThreads = 1 << 17;

template <typename Callable>
void Host::forColumns(const rnn_matmul &product, int64_t width,
                      Callable &&body) {
  int64_t panels = (product.n + width - 1) / width;
  auto columns = [&](int64_t begin, int64_t end) {
    body(begin * width, std::min(end * width, product.n));
  };
  if (product.m * product.n * product.k < worthThreads)
    columns(0, panels);
  else
    forRanges(panels, columns);
}

void Host::fewRowsProduct(const rnn_matmul &product) {
  forColumns(product, 64, [&](int64_t begin, int64_t end) {
    chosen.fewRows(product, begin, end);
  });
}

void Host::packedProduct(const rnn_matmul &product, const float *panels) {
  forColumns(product, chosen.panelColumns, [&](int64_t begin, int64_t end) {
    chosen.packedRows(product, panels, begin, end);
  });
}

void Host::tiledProduct(const rnn_matmul &product, bool library,
                        bool mayAllocate) {
  bool isSmall = product.m * product.n * product.k < worthThreads;
  std::atomic<bool> noMemory{false};
  auto inRanges = [&](int64_t count, auto &&work) {
    auto body = [&](int64_t begin, int64_t end) {
      try {
        work(begin, end);
      } catch (const std::bad_alloc &) {
        noMemory = true;
      }
    };
    if (isSmall)
      body(0, count);
    else
      forRanges(count, body);
  };
  try {
    TiledProduct tiled(product, chosen, library ? &oneDnn : nullptr,
                       mayAllocate);
    inRanges(tiled.tiles(),
             [&](int64_t begin, int64_t end) { tiled.multiply(begin, end); });
    if (tiled.hasParts())
      inRanges(product.m,
               [&](int64_t begin, int64_t end) { tiled.addUp(begin, end); });
  } catch (const std::bad_alloc &) {
    noMemory = true;
  }
  if (noMemory)
    failure = std::make_exception_ptr(std::bad_alloc());
}
