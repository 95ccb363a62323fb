// The launches of a call as CUDA graphs: what a call launches comes again call
// after call, with a few numbers or addresses that differ, and one launch of a
// graph costs the host far less than some hundred launches.
//
// A sequence of launches that comes for the second time is made a graph; when
// it comes again, Graphs::find sets the arguments that changed and gives the
// graph to be launched. Nothing is assumed of who calls and with what: every
// kernel, size and argument is compared.
#ifndef RNN_CUDA_GRAPHS_H
#define RNN_CUDA_GRAPHS_H

#include "cuda/Driver.h"

#include <algorithm>
#include <list>
#include <vector>

namespace rnn::cuda {

// In order; refilled call after call without allocating.
class Launches {
public:
  struct One {
    CUfunction function;
    const char *kernel; // its name
    size_t number;      // among the module's kernels
    unsigned blocks, threads, sharedBytes;
    size_t firstArgument, argumentCount;
    bool isTeam; // its blocks wait for each other, all of them at once

    bool operator==(const One &other) const {
      return function == other.function && blocks == other.blocks &&
             threads == other.threads && sharedBytes == other.sharedBytes &&
             argumentCount == other.argumentCount;
    }
  };

  void clear();
  // `one` but for where its arguments are.
  void add(One one, const uint64_t *arguments, size_t count);
  const std::vector<One> &all() const { return launches; }
  bool hasTeams() const {
    return std::any_of(launches.begin(), launches.end(),
                       [](const One &one) { return one.isTeam; });
  }
  // What the driver takes of launch `index`: the addresses of its arguments.
  // Until the next of these.
  void **parameters(size_t index) const;

  // All but the arguments.
  bool isLike(const Launches &other) const {
    return launches == other.launches;
  }
  // Of launches that are alike: the arguments of this one.
  bool sameArguments(size_t index, const Launches &other) const;
  size_t countChanged(const Launches &other) const;

private:
  std::vector<One> launches;
  std::vector<uint64_t> arguments;
  mutable std::vector<void *> pointers;
};

class Graphs {
public:
  // All calls are with the stream's context as the current one, `clear` as
  // well, which must come before the context ends.
  explicit Graphs(const Driver &driver)
      : driver(driver), possible(driver.hasGraphs) {}
  ~Graphs() { clear(); }
  Graphs(const Graphs &) = delete;
  Graphs &operator=(const Graphs &) = delete;

  // The graph of these launches; null where they go one by one: they are new,
  // or the driver makes no graphs. What is in the stream may be of a graph that
  // makes room for others, and is waited for.
  CUgraphExec find(const Launches &now, CUstream stream);
  void clear() noexcept;

private:
  struct Graph {
    Launches launches; // as they are in `ready`
    CUgraph nodes = nullptr;
    CUgraphExec ready = nullptr; // null: seen once
    std::vector<CUgraphNode> handles;
  };
  Graph &remember(const Launches &now, CUstream stream);
  CUresult build(Graph &graph);
  CUresult setArguments(Graph &graph, const Launches &now);
  void destroy(Graph &graph) noexcept;

  const Driver &driver;
  bool possible;
  std::list<Graph> graphs; // the one that was used last comes first
};

} // namespace rnn::cuda
#endif // RNN_CUDA_GRAPHS_H
