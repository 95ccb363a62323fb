/* rnn.h compiles as strict C99. */
#include "rnn.h"

rnn_code header_compiles(void) { return RNN_OK; }
