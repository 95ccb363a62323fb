// Sequences with answers: of a task, or from a folder of files.
#ifndef RNN_TOOLS_RNN_SEQUENCES_H
#define RNN_TOOLS_RNN_SEQUENCES_H

#include "EntryArrays.h"
#include "TaskArrays.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rnn {

/// A numbered lot of sequences, as the inputs of one loss entry.
class Sequences {
public:
  virtual ~Sequences() = default;
  /// The entry's inputs in order, with sequence indices[i] in row i, padded to
  /// the longest of them.
  virtual std::vector<Array>
  gather(const std::vector<uint64_t> &indices) const = 0;
  virtual nlohmann::json identity() const = 0;
  virtual std::string name() const = 0;
};

/// Sequences that a task makes when they are asked for: there is no end.
class TaskSequences : public Sequences {
public:
  /// Throws Failure unless `entry`, the loss of objective `objective`, takes
  /// the task's symbols and answers. `entry` must outlive this.
  TaskSequences(const EntrySpec &entry, const std::string &objective, Task task,
                TaskLengths lengths, uint64_t seed, TaskStream stream);
  std::vector<Array>
  gather(const std::vector<uint64_t> &indices) const override;
  nlohmann::json identity() const override;
  std::string name() const override { return "the task " + task.name(); }

private:
  void require(const std::string &objective) const;

  const EntrySpec &entry;
  Task task;
  TaskLengths lengths;
  uint64_t seed;
  TaskStream stream;
};

/// Steps first, ..., first + steps - 1 of a sequence.
struct SequencePart {
  uint64_t sequence;
  int64_t first, steps;
};

/// The sequences of a folder: for each input of the objective a file NAME.npy
/// or NAME.csv, whose first axis is the sequences and whose second is time.
///
/// `targets` may hold one answer a sequence, which is then due at its last
/// step. `lengths`, if there is such a file, holds the steps of each sequence;
/// `mask` and `valid` follow from these unless they are there: valid are the
/// steps of the sequence, and all of them count, or the last if there is one
/// answer.
class FileSequences : public Sequences {
public:
  /// Throws Failure, naming the file, for what cannot be an input of `entry`.
  FileSequences(const EntrySpec &entry, const std::string &folder);
  int64_t size() const { return count; }
  int64_t stepsOf(uint64_t sequence) const {
    return lengths.empty() ? time : lengths[size_t(sequence)];
  }
  bool hasMask() const;
  /// Whether some step of the part counts; needs hasMask().
  bool counts(const SequencePart &part) const;
  std::vector<Array>
  gather(const std::vector<uint64_t> &indices) const override;
  /// The same with parts[i] in row i.
  std::vector<Array> gather(const std::vector<SequencePart> &parts) const;
  nlohmann::json identity() const override;
  std::string name() const override { return "'" + folder + "'"; }

private:
  void readLengths();
  Array readInput(const TensorSpec &spec);
  Array readShaped(const TensorSpec &spec, const std::string &path);
  Array atLastSteps(const Array &answers, const TensorSpec &spec) const;
  Array derivedMask(bool onlyLast) const;
  void requireSize(const std::string &path, const Array &array);

  std::string folder;
  int64_t count = -1, time = -1; // -1: not known yet
  bool oneAnswer = false;        // a sequence, at its last step
  std::vector<int64_t> lengths;  // empty: all of `time`
  std::vector<Array> arrays;     // in the order of the entry's inputs
  int mask;                      // its place among them; -1: there is none
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_SEQUENCES_H
