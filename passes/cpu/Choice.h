#ifndef RNN_PASSES_CPU_CHOICE_H
#define RNN_PASSES_CPU_CHOICE_H

namespace rnn {

/// Of what a cost model chooses, what tests ask for.
enum class Choice { Auto, Always, Never };

} // namespace rnn

#endif // RNN_PASSES_CPU_CHOICE_H
