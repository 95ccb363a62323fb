// See ScoreText.h.
#include "ScoreText.h"

using namespace rnn;
using nlohmann::json;

static std::string number(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.4f", value);
  return text;
}

std::string rnn::validationText(const Score &score) {
  std::string text = "validation loss " + number(score.loss);
  if (score.carriedLoss)
    text += ", with the state carried " + number(*score.carriedLoss);
  if (score.accuracy)
    text += ", accuracy " + number(*score.accuracy) + ", of whole sequences " +
            number(*score.sequenceAccuracy);
  return text;
}

std::string rnn::countsText(const Score &score) {
  std::string text = std::to_string(score.predictions) + " predictions";
  if (score.sequences)
    text += " in " + std::to_string(*score.sequences) + " sequences";
  return text;
}

static void setAccuracy(json &to, const std::string &prefix,
                        const Score &score) {
  if (!score.accuracy)
    return;
  to[prefix + "accuracy"] = *score.accuracy;
  to[prefix + "sequence_accuracy"] = *score.sequenceAccuracy;
}

json rnn::validationJson(const Score &score) {
  json result{{"validation_loss", score.loss},
              {"predictions", score.predictions}};
  if (score.carriedLoss)
    result["carried_validation_loss"] = *score.carriedLoss;
  if (score.sequences)
    result["sequences"] = *score.sequences;
  setAccuracy(result, "validation_", score);
  return result;
}

json rnn::validationLine(uint64_t step, const Score &score) {
  json line{{"step", step}, {"validation_loss", score.loss}};
  setAccuracy(line, "validation_", score);
  return line;
}
