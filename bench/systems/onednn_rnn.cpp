// oneDNN's GRU (linear before reset, as PyTorch's) or LSTM: forward, forward +
// backward, or token by token, timed here. Driven by lines on stdin
// (onednn.py):
//
//   onednn_rnn CELL PRECISION TIME BATCH INPUTS FEATURES LAYERS FOLDER
//
// reads x, w_layer, w_iter, bias and dy from FOLDER (f32, oneDNN's plain
// layouts), says "ready" and answers
//
//   forward, forward_backward   with the seconds that it took
//   step N                      with the seconds of N tokens
//   write                       after it wrote y, dx and the gradients there
//
// Weights are brought into the layouts that the primitives like beforehand, and
// bf16 copies of inputs made: that is not counted.
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <dnnl.hpp>

using namespace dnnl;
using dims = memory::dims;
using tag = memory::format_tag;
using type = memory::data_type;
using arguments = std::unordered_map<int, memory>;

namespace {

engine cpu(engine::kind::cpu, 0);
stream queue(cpu);

struct Sizes {
  int64_t time, batch, inputs, features, layers;
};

memory::desc plain(const dims &sizes, tag layout) {
  return memory::desc(sizes, type::f32, layout);
}

void copy(memory from, memory to) {
  reorder(from, to).execute(queue, from, to);
  queue.wait();
}

memory moved(memory from, const memory::desc &as) {
  memory to(as, cpu);
  copy(from, to);
  return to;
}

memory zeroed(const memory::desc &as) {
  memory m(as, cpu);
  std::fill_n(static_cast<char *>(m.get_data_handle()), as.get_size(), 0);
  return m;
}

memory read(const std::string &path, const dims &sizes, tag layout) {
  memory m(plain(sizes, layout), cpu);
  std::ifstream file(path, std::ios::binary);
  auto bytes = std::streamsize(m.get_desc().get_size());
  if (!file.read(static_cast<char *>(m.get_data_handle()), bytes))
    throw std::runtime_error("cannot read " + path);
  return m;
}

void write(const std::string &path, memory m, const dims &sizes, tag layout) {
  memory out = moved(m, plain(sizes, layout));
  std::ofstream(path, std::ios::binary)
      .write(static_cast<char *>(out.get_data_handle()),
             std::streamsize(out.get_desc().get_size()));
}

// The two cells, which differ in the cell state that an LSTM has besides.
struct Gru {
  using forward = lbr_gru_forward;
  using backward = lbr_gru_backward;
  static constexpr int64_t gates = 3, biases = 4;
  static constexpr bool hasCell = false;
};
struct Lstm {
  using forward = lstm_forward;
  using backward = lstm_backward;
  static constexpr int64_t gates = 4, biases = 4;
  static constexpr bool hasCell = true;
};

class Runner {
public:
  virtual ~Runner() = default;
  virtual void forward() = 0;
  virtual void forwardBackward() = 0;
  virtual void step(int64_t tokens) = 0;
  virtual void write() = 0;
};

template <typename Cell> class Layer : public Runner {
  Sizes s;
  std::string folder;
  type low; // of what lies between steps
  dims xSize, ySize, stateSize, wLayerSize, wIterSize, biasSize;
  memory x, wLayer, wIter, bias, dy;
  bool decodes;

  memory::desc any(const dims &sizes, type t) {
    return memory::desc(sizes, t, tag::any);
  }

  memory::desc hidden(type t) { return {stateSize, t, tag::ldnc}; }

  typename Cell::forward::primitive_desc plan(prop_kind kind) {
    auto direction = rnn_direction::unidirectional_left2right;
    memory::desc xs(xSize, low, tag::tnc), ys(ySize, low, tag::tnc);
    auto h = hidden(low), c = hidden(type::f32);
    auto wl = any(wLayerSize, low), wi = any(wIterSize, low);
    memory::desc b(biasSize, type::f32, tag::ldgo);
    if constexpr (Cell::hasCell)
      return {{kind, direction, xs, h, c, wl, wi, b, ys, h, c}, cpu};
    else
      return {{kind, direction, xs, h, wl, wi, b, ys, h}, cpu};
  }

  struct Forward {
    typename Cell::forward::primitive_desc desc;
    typename Cell::forward primitive;
    arguments args;
  };
  std::unique_ptr<Forward> infer, train;

  // Version 2.6 gives an LSTM that is handed no states wrong gradients.
  void addStates(arguments &args, std::initializer_list<int> which, type t) {
    for (int arg : which)
      args[arg] = zeroed(hidden(t));
  }

  std::unique_ptr<Forward> forwardOf(prop_kind kind) {
    auto desc = plan(kind);
    arguments args{
        {DNNL_ARG_SRC_LAYER, moved(x, desc.src_layer_desc())},
        {DNNL_ARG_WEIGHTS_LAYER, moved(wLayer, desc.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER, moved(wIter, desc.weights_iter_desc())},
        {DNNL_ARG_BIAS, bias},
        {DNNL_ARG_DST_LAYER, memory(desc.dst_layer_desc(), cpu)}};
    addStates(args, {DNNL_ARG_SRC_ITER, DNNL_ARG_DST_ITER}, low);
    if (Cell::hasCell)
      addStates(args, {DNNL_ARG_SRC_ITER_C, DNNL_ARG_DST_ITER_C}, type::f32);
    if (kind == prop_kind::forward_training)
      args[DNNL_ARG_WORKSPACE] = memory(desc.workspace_desc(), cpu);
    return std::unique_ptr<Forward>(
        new Forward{desc, typename Cell::forward(desc), args});
  }

  typename Cell::backward::primitive_desc backwardPlan() {
    auto direction = rnn_direction::unidirectional_left2right;
    memory::desc xs(xSize, low, tag::tnc), ys(ySize, low, tag::tnc);
    memory::desc dxs(xSize, type::f32, tag::tnc),
        dys(ySize, type::f32, tag::tnc), b(biasSize, type::f32, tag::ldgo);
    auto h = hidden(low), c = hidden(type::f32), d = c;
    auto wl = any(wLayerSize, low), wi = any(wIterSize, low);
    auto dwl = any(wLayerSize, type::f32), dwi = any(wIterSize, type::f32);
    auto kind = prop_kind::backward;
    if constexpr (Cell::hasCell)
      return {{kind, direction, xs, h, c,   wl,  wi, b,   ys, h,
               c,    dxs,       d,  d, dwl, dwi, b,  dys, d,  d},
              cpu,
              train->desc};
    else
      return {{kind, direction, xs, h, wl, wi, b, ys, h, dxs, d, dwl, dwi, b,
               dys, d},
              cpu,
              train->desc};
  }

  typename Cell::backward::primitive_desc backDesc;
  typename Cell::backward back;
  arguments backArgs;

  void prepareTraining() {
    if (train)
      return;
    train = forwardOf(prop_kind::forward_training);
    backDesc = backwardPlan();
    back = typename Cell::backward(backDesc);
    backArgs = train->args;
    backArgs[DNNL_ARG_WEIGHTS_LAYER] =
        moved(wLayer, backDesc.weights_layer_desc());
    backArgs[DNNL_ARG_WEIGHTS_ITER] =
        moved(wIter, backDesc.weights_iter_desc());
    backArgs[DNNL_ARG_DIFF_DST_LAYER] = dy;
    addStates(backArgs, {DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_DST_ITER},
              type::f32);
    if (Cell::hasCell)
      addStates(backArgs, {DNNL_ARG_DIFF_SRC_ITER_C, DNNL_ARG_DIFF_DST_ITER_C},
                type::f32);
    backArgs[DNNL_ARG_DIFF_SRC_LAYER] =
        memory(backDesc.diff_src_layer_desc(), cpu);
    backArgs[DNNL_ARG_DIFF_WEIGHTS_LAYER] =
        memory(backDesc.diff_weights_layer_desc(), cpu);
    backArgs[DNNL_ARG_DIFF_WEIGHTS_ITER] =
        memory(backDesc.diff_weights_iter_desc(), cpu);
    backArgs[DNNL_ARG_DIFF_BIAS] = memory(backDesc.diff_bias_desc(), cpu);
  }

  // Gradients of parameters add up over calls.
  void clearGradients() {
    for (int arg : {DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER,
                    DNNL_ARG_DIFF_BIAS}) {
      memory &m = backArgs[arg];
      std::fill_n(static_cast<char *>(m.get_data_handle()),
                  m.get_desc().get_size(), 0);
    }
  }

  // Two sets of states, which the tokens use in turn.
  std::vector<arguments> turns;
  size_t turn = 0;

  void prepareDecoding() {
    if (infer)
      return;
    infer = forwardOf(prop_kind::forward_inference);
    turns = {infer->args, infer->args};
    std::swap(turns[1][DNNL_ARG_SRC_ITER], turns[1][DNNL_ARG_DST_ITER]);
    if (Cell::hasCell)
      std::swap(turns[1][DNNL_ARG_SRC_ITER_C], turns[1][DNNL_ARG_DST_ITER_C]);
  }

  void token() {
    infer->primitive.execute(queue, turns[turn]);
    queue.wait();
    turn ^= 1;
  }

  // Every token of x from zero states, one by one.
  void writeTokens() {
    int64_t time = s.time;
    memory all = read(folder + "/x", {time, s.batch, s.inputs}, tag::tnc);
    auto *from = static_cast<float *>(all.get_data_handle());
    std::ofstream file(folder + "/y", std::ios::binary);
    turns.clear(), infer.reset(), turn = 0;
    for (int64_t t = 0; t < time; ++t) {
      prepareDecoding();
      memory one(plain(xSize, tag::tnc), cpu, from + t * s.batch * s.inputs);
      copy(one, turns[turn][DNNL_ARG_SRC_LAYER]);
      memory y = turns[turn][DNNL_ARG_DST_LAYER];
      token();
      file.write(static_cast<char *>(y.get_data_handle()),
                 std::streamsize(y.get_desc().get_size()));
    }
  }

public:
  Layer(const Sizes &s, const std::string &precision, const std::string &folder)
      : s(s), folder(folder), low(precision == "bf16" ? type::bf16 : type::f32),
        decodes(s.layers > 1) {
    int64_t time = decodes ? 1 : s.time;
    xSize = {time, s.batch, s.inputs};
    ySize = {time, s.batch, s.features};
    stateSize = {s.layers, 1, s.batch, s.features};
    wLayerSize = {s.layers, 1, s.inputs, Cell::gates, s.features};
    wIterSize = {s.layers, 1, s.features, Cell::gates, s.features};
    biasSize = {s.layers, 1, Cell::biases, s.features};
    x = read(folder + "/x", xSize, tag::tnc);
    wLayer = read(folder + "/w_layer", wLayerSize, tag::ldigo);
    wIter = read(folder + "/w_iter", wIterSize, tag::ldigo);
    bias = read(folder + "/bias", biasSize, tag::ldgo);
    if (!decodes)
      dy = read(folder + "/dy", ySize, tag::tnc);
    plan(prop_kind::forward_inference); // throws where it is not implemented
  }

  void forward() override {
    if (!infer)
      infer = forwardOf(prop_kind::forward_inference);
    infer->primitive.execute(queue, infer->args);
    queue.wait();
  }

  void forwardBackward() override {
    prepareTraining();
    clearGradients();
    train->primitive.execute(queue, train->args);
    back.execute(queue, backArgs);
    queue.wait();
  }

  void step(int64_t tokens) override {
    prepareDecoding();
    for (int64_t i = 0; i < tokens; ++i)
      token();
  }

  void write() override {
    if (decodes)
      return writeTokens();
    ::write(folder + "/y", infer->args[DNNL_ARG_DST_LAYER], ySize, tag::tnc);
    ::write(folder + "/dx", backArgs[DNNL_ARG_DIFF_SRC_LAYER], xSize, tag::tnc);
    ::write(folder + "/d_layer", backArgs[DNNL_ARG_DIFF_WEIGHTS_LAYER],
            wLayerSize, tag::ldigo);
    ::write(folder + "/d_iter", backArgs[DNNL_ARG_DIFF_WEIGHTS_ITER], wIterSize,
            tag::ldigo);
    ::write(folder + "/d_bias", backArgs[DNNL_ARG_DIFF_BIAS], biasSize,
            tag::ldgo);
  }
};

double secondsOf(const std::string &command, Runner &runner) {
  auto start = std::chrono::steady_clock::now();
  if (command == "forward")
    runner.forward();
  else if (command == "forward_backward")
    runner.forwardBackward();
  else if (command.rfind("step ", 0) == 0)
    runner.step(std::stoll(command.substr(5)));
  else if (command == "write")
    runner.write();
  else
    throw std::runtime_error("unknown command '" + command + "'");
  std::chrono::duration<double> taken =
      std::chrono::steady_clock::now() - start;
  return taken.count();
}

int run(char **argv) {
  Sizes s{std::stoll(argv[3]), std::stoll(argv[4]), std::stoll(argv[5]),
          std::stoll(argv[6]), std::stoll(argv[7])};
  std::unique_ptr<Runner> runner;
  if (std::string(argv[1]) == "gru")
    runner = std::make_unique<Layer<Gru>>(s, argv[2], argv[8]);
  else
    runner = std::make_unique<Layer<Lstm>>(s, argv[2], argv[8]);
  std::cout << "ready" << std::endl;
  for (std::string command; std::getline(std::cin, command);)
    std::cout << secondsOf(command, *runner) << std::endl;
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 2 && std::string(argv[1]) == "--version") {
    const dnnl_version_t *v = dnnl_version();
    std::cout << v->major << "." << v->minor << "." << v->patch << std::endl;
    return 0;
  }
  if (argc != 9) {
    std::cerr << "usage: onednn_rnn CELL PRECISION TIME BATCH INPUTS FEATURES "
                 "LAYERS FOLDER\n";
    return 2;
  }
  try {
    return run(argv);
  } catch (const dnnl::error &failure) {
    std::cout << "error: oneDNN: " << failure.what() << std::endl;
  } catch (const std::exception &failure) {
    std::cout << "error: " << failure.what() << std::endl;
  }
  return 1;
}
