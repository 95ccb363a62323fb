// See BFloatMatmul.h. What is declared here is of oneDNN's C interface, so that
// building needs none of its headers; versions 2 and 3 differ in how a matrix
// and a product are described.
#include "cpu/BFloatMatmul.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>

using namespace rnn;

namespace {

// Values of oneDNN's enumerations, the same in both versions.
enum { kindCpu = 1, inOrder = 1, typeBf16 = 2, typeF32 = 3, userScratch = 1 };
enum { queryImplementation = 8, queryScratch = 136 };
enum { source = 1, destination = 17, weights = 33, scratchpad = 80 };

struct Argument {
  int index;
  void *memory;
};

// Of version 2, whose descriptions are the caller's: room enough for both.
struct alignas(8) Description {
  char bytes[4096];
};

} // namespace

struct BFloatMatmul::Functions {
  int (*engineCreate)(void **, int, size_t);
  int (*engineDestroy)(void *);
  int (*streamCreate)(void **, void *, unsigned);
  int (*streamDestroy)(void *);
  int (*attrCreate)(void **);
  int (*attrSetScratch)(void *, int);
  int (*attrDestroy)(void *);
  int (*descDestroy)(void *);
  int (*query)(const void *, int, int, void *);
  const void *(*queryMatrix)(const void *, int, int);
  size_t (*matrixSize)(const void *);
  int (*primitiveCreate)(void **, const void *);
  int (*primitiveDestroy)(void *);
  int (*execute)(const void *, void *, int, const Argument *);
  int (*memoryCreate)(void **, const void *, void *, void *);
  int (*memoryDestroy)(void *);
  // Version 2.
  int (*matrixInit)(void *, int, const int64_t *, int, const int64_t *);
  int (*productInit)(void *, const void *, const void *, const void *,
                     const void *);
  int (*descCreate)(void **, const void *, const void *, void *, const void *);
  // Version 3.
  int (*matrixCreate)(void **, int, const int64_t *, int, const int64_t *);
  int (*matrixDestroy)(void *);
  int (*productCreate)(void **, void *, const void *, const void *,
                       const void *, const void *, const void *);
};

struct BFloatMatmul::Plan {
  explicit Plan(const Functions &f) : f(f) {}
  ~Plan() {
    if (primitive)
      f.primitiveDestroy(primitive);
    if (description)
      f.descDestroy(description);
    for (void *matrix : matrices)
      if (matrix && f.matrixDestroy)
        f.matrixDestroy(matrix);
  }
  bool make(const Shape &shape, void *engine);

  const Functions &f;
  void *primitive = nullptr;
  void *matrices[3] = {}; // A, B, C
  std::unique_ptr<Description[]> described;
  void *description = nullptr;
  const void *scratch = nullptr; // a part of the description
};

BFloatMatmul::BFloatMatmul(void *library, int version) {
  auto found = std::make_unique<Functions>();
  bool complete = true;
  auto find = [&](auto &function, const char *name) {
    void *address = dlsym(library, name);
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
    complete &= address != nullptr;
  };
  Functions &f = *found;
  find(f.engineCreate, "dnnl_engine_create");
  find(f.engineDestroy, "dnnl_engine_destroy");
  find(f.streamCreate, "dnnl_stream_create");
  find(f.streamDestroy, "dnnl_stream_destroy");
  find(f.attrCreate, "dnnl_primitive_attr_create");
  find(f.attrSetScratch, "dnnl_primitive_attr_set_scratchpad_mode");
  find(f.attrDestroy, "dnnl_primitive_attr_destroy");
  find(f.descDestroy, "dnnl_primitive_desc_destroy");
  find(f.query, "dnnl_primitive_desc_query");
  find(f.queryMatrix, "dnnl_primitive_desc_query_md");
  find(f.matrixSize, "dnnl_memory_desc_get_size");
  find(f.primitiveCreate, "dnnl_primitive_create");
  find(f.primitiveDestroy, "dnnl_primitive_destroy");
  find(f.execute, "dnnl_primitive_execute");
  find(f.memoryCreate, "dnnl_memory_create");
  find(f.memoryDestroy, "dnnl_memory_destroy");
  if (version == 2) {
    find(f.matrixInit, "dnnl_memory_desc_init_by_strides");
    find(f.productInit, "dnnl_matmul_desc_init");
    find(f.descCreate, "dnnl_primitive_desc_create");
  } else {
    find(f.matrixCreate, "dnnl_memory_desc_create_with_strides");
    find(f.matrixDestroy, "dnnl_memory_desc_destroy");
    find(f.productCreate, "dnnl_matmul_primitive_desc_create");
  }
  functions = std::move(found);
  if (!complete || f.engineCreate(&engine, kindCpu, 0) != 0) {
    engine = nullptr;
    return;
  }
  if (f.streamCreate(&stream, engine, inOrder) != 0) {
    f.engineDestroy(engine);
    engine = nullptr;
  }
}

BFloatMatmul::~BFloatMatmul() {
  plans.clear();
  if (!engine)
    return;
  functions->streamDestroy(stream);
  functions->engineDestroy(engine);
}

bool BFloatMatmul::Plan::make(const Shape &shape, void *engine) {
  const int64_t m = shape[0], n = shape[1], k = shape[2];
  const int64_t sizes[3][2] = {{m, k}, {k, n}, {m, n}};
  const int64_t strides[3][2] = {
      {shape[3], shape[4]}, {shape[5], shape[6]}, {shape[7], 1}};
  const int types[3] = {typeBf16, typeBf16, int(shape[8])};
  if (f.matrixInit)
    described = std::make_unique<Description[]>(4);
  for (int i = 0; i < 3; ++i) {
    if (f.matrixInit)
      matrices[i] = &described[i];
    int failed =
        f.matrixInit
            ? f.matrixInit(matrices[i], 2, sizes[i], types[i], strides[i])
            : f.matrixCreate(&matrices[i], 2, sizes[i], types[i], strides[i]);
    if (failed)
      return false;
  }
  void *attributes = nullptr;
  if (f.attrCreate(&attributes) != 0)
    return false;
  bool made = f.attrSetScratch(attributes, userScratch) == 0;
  if (f.productInit)
    made = made &&
           f.productInit(&described[3], matrices[0], matrices[1], nullptr,
                         matrices[2]) == 0 &&
           f.descCreate(&description, &described[3], attributes, engine,
                        nullptr) == 0;
  else
    made =
        made && f.productCreate(&description, engine, matrices[0], matrices[1],
                                nullptr, matrices[2], attributes) == 0;
  f.attrDestroy(attributes);
  if (!made)
    return false;
  const char *name = nullptr;
  bool isFast = f.query(description, queryImplementation, 0, &name) == 0 &&
                name && std::strncmp(name, "ref", 3) != 0;
  scratch = f.queryMatrix(description, queryScratch, 0);
  return isFast && f.primitiveCreate(&primitive, description) == 0;
}

std::shared_ptr<const BFloatMatmul::Plan>
BFloatMatmul::planFor(const Shape &shape) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = plans.find(shape);
  if (it != plans.end())
    return it->second;
  constexpr size_t most = 256; // a service may see any number of shapes
  if (plans.size() >= most)
    plans.clear();
  auto plan = std::make_shared<Plan>(*functions);
  if (!plan->make(shape, engine))
    plan = nullptr;
  return plans[shape] = plan;
}

bool BFloatMatmul::tile(const rnn_matmul &p, int64_t m0, int64_t m1, int64_t n0,
                        int64_t n1, std::vector<char> &scratch) {
  bool isWide = p.result_type == RNN_F32;
  auto plan =
      planFor({m1 - m0, n1 - n0, p.k, p.transpose_a ? 1 : p.lda,
               p.transpose_a ? p.lda : 1, p.transpose_b ? 1 : p.ldb,
               p.transpose_b ? p.ldb : 1, p.ldc, isWide ? typeF32 : typeBf16});
  if (!plan)
    return false;
  const Functions &f = *functions;
  scratch.resize(std::max(scratch.size(), f.matrixSize(plan->scratch) + 64));
  auto at = [](const void *matrix, int64_t row, int64_t column, int64_t ld,
               bool transposed, int64_t bytes) {
    int64_t place = transposed ? column * ld + row : row * ld + column;
    return const_cast<char *>(static_cast<const char *>(matrix)) +
           place * bytes;
  };
  const struct {
    int index;
    const void *description;
    void *data;
  } operands[] = {
      {source, plan->matrices[0], at(p.a, m0, 0, p.lda, p.transpose_a, 2)},
      {weights, plan->matrices[1], at(p.b, 0, n0, p.ldb, p.transpose_b, 2)},
      {destination, plan->matrices[2],
       at(p.c, m0, n0, p.ldc, false, isWide ? 4 : 2)},
      {scratchpad, plan->scratch,
       scratch.data() + (64 - uintptr_t(scratch.data()) % 64)}};
  Argument arguments[4];
  int count = 0;
  bool made = true;
  for (auto &operand : operands) {
    Argument &argument = arguments[count] = {operand.index, nullptr};
    made = made && f.memoryCreate(&argument.memory, operand.description, engine,
                                  operand.data) == 0;
    count += argument.memory != nullptr;
  }
  bool done = made && f.execute(plan->primitive, stream, count, arguments) == 0;
  for (int i = 0; i < count; ++i)
    f.memoryDestroy(arguments[i].memory);
  return done;
}
