// Ctrl-C and SIGTERM as a request to stop at the next good moment.
#ifndef RNN_TOOLS_RNN_INTERRUPT_H
#define RNN_TOOLS_RNN_INTERRUPT_H

namespace rnn {

/// From now on the first SIGINT or SIGTERM only sets a flag. A second one ends
/// the process as it always does.
void catchInterrupts();

/// Whether one has arrived.
bool interrupted();

/// Thrown where an interrupt ends a measurement: there is no result.
struct Interrupted {};

} // namespace rnn
#endif // RNN_TOOLS_RNN_INTERRUPT_H
