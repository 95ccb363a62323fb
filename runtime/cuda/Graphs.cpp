// See Graphs.h.
#include "cuda/Graphs.h"

#include <algorithm>

using namespace rnn::cuda;

// Of all entries and shapes that come in turns.
static constexpr size_t mostGraphs = 16;
// States swap their buffers from call to call: each of the two has its graph,
// rather than that most arguments are set anew in each call.
static constexpr size_t mostAlike = 2;

void Launches::clear() {
  launches.clear();
  arguments.clear();
}

void Launches::add(One one, const uint64_t *given, size_t count) {
  one.firstArgument = arguments.size();
  one.argumentCount = count;
  arguments.insert(arguments.end(), given, given + count);
  launches.push_back(one);
}

void **Launches::parameters(size_t index) const {
  const One &one = launches[index];
  pointers.clear();
  for (size_t i = 0; i < one.argumentCount; ++i)
    pointers.push_back(
        const_cast<uint64_t *>(&arguments[one.firstArgument + i]));
  return pointers.data();
}

bool Launches::sameArguments(size_t index, const Launches &other) const {
  const One &one = launches[index];
  auto mine = arguments.begin() + ptrdiff_t(one.firstArgument);
  auto its = other.arguments.begin() + ptrdiff_t(one.firstArgument);
  return std::equal(mine, mine + ptrdiff_t(one.argumentCount), its);
}

size_t Launches::countChanged(const Launches &other) const {
  size_t changed = 0;
  for (size_t i = 0; i < launches.size(); ++i)
    changed += !sameArguments(i, other);
  return changed;
}

static CUDA_KERNEL_NODE_PARAMS nodeOf(const Launches &launches, size_t index) {
  const Launches::One &one = launches.all()[index];
  CUDA_KERNEL_NODE_PARAMS node = {};
  node.function = one.function;
  node.gridX = one.blocks;
  node.blockX = one.threads;
  node.gridY = node.gridZ = node.blockY = node.blockZ = 1;
  node.sharedBytes = one.sharedBytes;
  node.parameters = launches.parameters(index);
  return node;
}

CUgraphExec Graphs::find(const Launches &now, CUstream stream) {
  if (!possible || now.all().size() < 2)
    return nullptr;
  auto best = graphs.end();
  size_t changed = 0, alike = 0;
  for (auto it = graphs.begin(); it != graphs.end(); ++it) {
    if (!it->launches.isLike(now))
      continue;
    size_t differ = it->launches.countChanged(now);
    if (alike++ == 0 || differ < changed) {
      best = it;
      changed = differ;
    }
  }
  if (alike == 0) {
    remember(now, stream);
    return nullptr;
  }
  bool isFar = 4 * changed > now.all().size();
  if (best->ready && isFar && alike < mostAlike)
    remember(now, stream);
  else
    graphs.splice(graphs.begin(), graphs, best);
  Graph &graph = graphs.front();
  CUresult result = setArguments(graph, now);
  if (result == CUDA_SUCCESS && !graph.ready)
    result = build(graph);
  if (result == CUDA_SUCCESS)
    return graph.ready;
  // Launches do as well, and tell what is wrong if more is.
  possible = false;
  return nullptr;
}

Graphs::Graph &Graphs::remember(const Launches &now, CUstream stream) {
  if (graphs.size() == mostGraphs) {
    driver.StreamSynchronize(stream); // its mistake shows in the next call
    destroy(graphs.back());
    graphs.pop_back();
  }
  graphs.emplace_front();
  graphs.front().launches = now;
  return graphs.front();
}

CUresult Graphs::build(Graph &graph) {
  if (CUresult result = driver.GraphCreate(&graph.nodes, 0))
    return result;
  graph.handles.resize(graph.launches.all().size());
  for (size_t i = 0; i < graph.handles.size(); ++i) {
    CUDA_KERNEL_NODE_PARAMS node = nodeOf(graph.launches, i);
    // A chain: each launch reads what the one before has written.
    if (CUresult result = driver.GraphAddKernelNode(
            &graph.handles[i], graph.nodes, i ? &graph.handles[i - 1] : nullptr,
            i ? 1 : 0, &node))
      return result;
  }
  return driver.GraphInstantiateWithFlags(&graph.ready, graph.nodes, 0);
}

CUresult Graphs::setArguments(Graph &graph, const Launches &now) {
  for (size_t i = 0; graph.ready && i < graph.handles.size(); ++i) {
    if (graph.launches.sameArguments(i, now))
      continue;
    CUDA_KERNEL_NODE_PARAMS node = nodeOf(now, i);
    if (CUresult result = driver.GraphExecKernelNodeSetParams(
            graph.ready, graph.handles[i], &node))
      return result;
  }
  graph.launches = now;
  return CUDA_SUCCESS;
}

void Graphs::destroy(Graph &graph) noexcept {
  if (graph.ready)
    driver.GraphExecDestroy(graph.ready);
  if (graph.nodes)
    driver.GraphDestroy(graph.nodes);
}

void Graphs::clear() noexcept {
  for (Graph &graph : graphs)
    destroy(graph);
  graphs.clear();
}
