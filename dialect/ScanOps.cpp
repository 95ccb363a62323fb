// `rnn.scan` and `rnn.repeat`: syntax, builders and verifiers.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace rnn {

namespace {

/// `(%arg = %operand, ... : types)`, the arguments being named in the body.
struct Bindings {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
};

ParseResult parseBindings(OpAsmParser &parser, Bindings &bindings) {
  auto parseOne = [&]() -> ParseResult {
    return failure(parser.parseArgument(bindings.arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(bindings.operands.emplace_back()));
  };
  return failure(
      parser.parseLParen() || parser.parseCommaSeparatedList(parseOne) ||
      parser.parseColonTypeList(bindings.types) || parser.parseRParen());
}

void printBindings(OpAsmPrinter &printer, ValueRange arguments,
                   ValueRange operands) {
  printer << "(";
  llvm::interleaveComma(
      llvm::zip(arguments, operands), printer, [&](auto pair) {
        printer << std::get<0>(pair) << " = " << std::get<1>(pair);
      });
  printer << " : " << operands.getTypes() << ")";
}

Type dropLeading(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(),
                               tensor.getElementType());
}

Type addLeading(Type type, int64_t count) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape{count};
  llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, tensor.getElementType());
}

Type overDomain(Type step, Domain domain) {
  switch (domain) {
  case Domain::sequence:
    return getSequenceType(step);
  case Domain::batch:
    return getStepType(step);
  case Domain::single:
    return getStaticType(step);
  }
  llvm_unreachable("all domains are handled");
}

/// A pattern driver must hear of it if `builder` belongs to one.
void eraseUnfinished(OpBuilder &builder, Operation *op) {
  if (auto *listener =
          dyn_cast_if_present<RewriterBase::Listener>(builder.getListener()))
    listener->notifyOperationErased(op);
  op->erase();
}

} // namespace

//===----------------------------------------------------------------------===//
// ScanOp
//===----------------------------------------------------------------------===//

void ScanOp::build(OpBuilder &builder, OperationState &state, ValueRange inputs,
                   ValueRange ahead, ValueRange aheadInits, ValueRange inits,
                   bool reverse, Domain domain) {
  state.addOperands(inputs);
  state.addOperands(ahead);
  state.addOperands(aheadInits);
  state.addOperands(inits);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.operandSegmentSizes = {
      int32_t(inputs.size()), int32_t(ahead.size()), int32_t(aheadInits.size()),
      int32_t(inits.size())};
  properties.resultSegmentSizes = {0, 0};
  if (reverse)
    properties.reverse = builder.getUnitAttr();
  properties.domain = DomainAttr::get(builder.getContext(), domain);
  Block &body = state.addRegion()->emplaceBlock();
  for (ValueRange group : {inputs, ahead, inits})
    for (Value operand : group)
      body.addArgument(getStepType(operand.getType()), operand.getLoc());
}

ScanOp ScanOp::finish(OpBuilder &builder, ScanOp scan, ValueRange outputs,
                      ValueRange next) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(scan.getStep());
  YieldOp::create(builder, scan.getLoc(), outputs, next);
  builder.setInsertionPoint(scan);
  OperationState state(scan.getLoc(), scan->getName());
  state.addOperands(scan->getOperands());
  for (Value output : outputs)
    state.addTypes(overDomain(output.getType(), scan.getDomain()));
  state.addTypes(next.getTypes());
  state.addAttributes(llvm::to_vector(scan->getDiscardableAttrs()));
  auto &properties = state.getOrAddProperties<Properties>();
  properties = scan.getProperties();
  properties.resultSegmentSizes = {int32_t(outputs.size()),
                                   int32_t(next.size())};
  state.addRegion()->takeBody(scan.getBody());
  auto finished = cast<ScanOp>(builder.create(state));
  eraseUnfinished(builder, scan);
  return finished;
}

Block::BlockArgListType ScanOp::inputArgs() {
  return getStep()->getArguments().take_front(getInputs().size());
}
Block::BlockArgListType ScanOp::aheadArgs() {
  return getStep()->getArguments().slice(getInputs().size(), getAhead().size());
}
Block::BlockArgListType ScanOp::stateArgs() {
  return getStep()->getArguments().take_back(getInits().size());
}
std::string ScanOp::getStateName(unsigned state) {
  if (auto named = dyn_cast<NameLoc>(stateArgs()[state].getLoc()))
    return named.getName().str();
  return "#" + std::to_string(state);
}
YieldOp ScanOp::getYield() { return cast<YieldOp>(getStep()->getTerminator()); }

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &result) {
  Bindings inputs, ahead, states;
  SmallVector<OpAsmParser::UnresolvedOperand> aheadInits;
  SmallVector<Type> aheadInitTypes;
  auto &properties = result.getOrAddProperties<Properties>();
  Builder &builder = parser.getBuilder();
  if (succeeded(parser.parseOptionalKeyword("over")) &&
      parseBindings(parser, inputs))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("ahead")))
    if (parseBindings(parser, ahead) || parser.parseKeyword("init") ||
        parser.parseLParen() || parser.parseOperandList(aheadInits) ||
        parser.parseColonTypeList(aheadInitTypes) || parser.parseRParen())
      return failure();
  if (succeeded(parser.parseOptionalKeyword("state")) &&
      parseBindings(parser, states))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    properties.reverse = builder.getUnitAttr();
  Domain domain = Domain::sequence;
  if (succeeded(parser.parseOptionalKeyword("domain"))) {
    StringRef word;
    llvm::SMLoc at = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    std::optional<Domain> known = symbolizeDomain(word);
    if (!known)
      return parser.emitError(at, "expected sequence, batch or single");
    domain = *known;
  }
  properties.domain = DomainAttr::get(builder.getContext(), domain);
  if (succeeded(parser.parseOptionalKeyword("chunks"))) {
    StringRef word;
    llvm::SMLoc at = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    std::optional<Chunks> known = symbolizeChunks(word);
    if (!known)
      return parser.emitError(at, "expected alone, across or resumed");
    properties.chunks = ChunksAttr::get(builder.getContext(), *known);
  }

  SmallVector<OpAsmParser::Argument> arguments;
  for (Bindings *bindings : {&inputs, &ahead, &states}) {
    if (bindings->operands.size() != bindings->types.size())
      return parser.emitError(parser.getNameLoc(),
                              "expected one type per operand");
    for (auto [argument, type] :
         llvm::zip(bindings->arguments, bindings->types)) {
      if (!isa<RankedTensorType>(type))
        return parser.emitError(argument.ssaName.location,
                                "expected a tensor type");
      argument.type = getStepType(type);
      if (bindings == &states) // the name by which reports call it
        argument.sourceLoc = NameLoc::get(
            builder.getStringAttr(argument.ssaName.name.drop_front()),
            parser.getEncodedSourceLoc(argument.ssaName.location));
      arguments.push_back(argument);
    }
  }
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments))
    return failure();
  SmallVector<Type> outputs, lasts;
  if (succeeded(parser.parseOptionalColon())) {
    if (failed(parser.parseOptionalKeyword("last"))) {
      if (parser.parseTypeList(outputs))
        return failure();
      if (succeeded(parser.parseOptionalKeyword("last")) &&
          parser.parseTypeList(lasts))
        return failure();
    } else if (parser.parseTypeList(lasts)) {
      return failure();
    }
  }
  result.addTypes(outputs);
  result.addTypes(lasts);
  properties.resultSegmentSizes = {int32_t(outputs.size()),
                                   int32_t(lasts.size())};
  properties.operandSegmentSizes = {
      int32_t(inputs.operands.size()), int32_t(ahead.operands.size()),
      int32_t(aheadInits.size()), int32_t(states.operands.size())};
  llvm::SMLoc at = parser.getNameLoc();
  return failure(
      parser.resolveOperands(inputs.operands, inputs.types, at,
                             result.operands) ||
      parser.resolveOperands(ahead.operands, ahead.types, at,
                             result.operands) ||
      parser.resolveOperands(aheadInits, aheadInitTypes, at, result.operands) ||
      parser.resolveOperands(states.operands, states.types, at,
                             result.operands));
}

void ScanOp::print(OpAsmPrinter &printer) {
  if (!getInputs().empty()) {
    printer << " over";
    printBindings(printer, inputArgs(), getInputs());
  }
  if (!getAhead().empty()) {
    printer << " ahead";
    printBindings(printer, aheadArgs(), getAhead());
    printer << " init(" << getAheadInits() << " : "
            << getAheadInits().getTypes() << ")";
  }
  if (!getInits().empty()) {
    printer << " state";
    printBindings(printer, stateArgs(), getInits());
  }
  if (getReverse())
    printer << " reverse";
  if (getDomain() != Domain::sequence)
    printer << " domain " << stringifyDomain(getDomain());
  if (getChunks())
    printer << " chunks " << stringifyChunks(*getChunks());
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"reverse", "domain", "chunks",
                            "operandSegmentSizes", "resultSegmentSizes"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  if (getNumResults() != 0)
    printer << " :";
  if (!getOutputs().empty())
    printer << " " << getOutputs().getTypes();
  if (!getLasts().empty())
    printer << " last " << getLasts().getTypes();
}

LogicalResult ScanOp::verify() {
  if (getAhead().size() != getAheadInits().size())
    return emitOpError("scan_c1: each `ahead` operand needs an init");
  if (getBody().empty() ||
      getStep()->getNumArguments() !=
          getInputs().size() + getAhead().size() + getInits().size())
    return emitOpError("scan_c1: the body must have one argument per input, "
                       "ahead operand and state");
  for (auto [argument, operand] :
       llvm::zip(getStep()->getArguments(),
                 llvm::concat<Value>(llvm::to_vector(getInputs()),
                                     llvm::to_vector(getAhead()),
                                     llvm::to_vector(getInits()))))
    if (argument.getType() != getStepType(operand.getType()))
      return emitOpError("scan_c1: the body's argument #")
             << argument.getArgNumber() << " must be "
             << getStepType(operand.getType()) << ", but is "
             << argument.getType();
  TensorKind kind = getDomain() == Domain::sequence ? TensorKind::Sequence
                    : getDomain() == Domain::batch  ? TensorKind::Step
                                                    : TensorKind::Static;
  for (ValueRange group : {ValueRange(getInputs()), ValueRange(getAhead())})
    for (Value operand : group)
      if (getTensorKind(operand.getType()) != kind)
        return emitOpError("scan_c1: ")
               << operand.getType() << " is not of the scan's domain, "
               << stringifyDomain(getDomain());
  for (ValueRange group : {ValueRange(getAheadInits()), ValueRange(getInits())})
    for (Value operand : group)
      if (!isStep(operand.getType()) &&
          !(isChunked() && isSequence(operand.getType())))
        return emitOpError("scan_c1: an initial state must be a step "
                           "(tensor<?x...>), but is ")
               << operand.getType();
  if (getDomain() != Domain::sequence &&
      (!getInits().empty() || !getAhead().empty()))
    return emitOpError("scan_c1: only a sequence has states");
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  YieldOp yield = dyn_cast<YieldOp>(getStep()->getTerminator());
  if (!yield)
    return emitOpError("scan_c2: the body must end with rnn.yield");
  if (yield.getNext().size() != getInits().size())
    return yield.emitOpError("scan_c2: expected one `next` value per state, ")
           << getInits().size() << ", found " << yield.getNext().size();
  if (yield.getValues().size() != getOutputs().size() ||
      (!getLasts().empty() && getLasts().size() != getInits().size()))
    return yield.emitOpError("scan_c2: expected ")
           << getOutputs().size() << " outputs, found "
           << yield.getValues().size();
  for (auto [next, init] : llvm::zip(yield.getNext(), getInits()))
    if (next.getType() != getStepType(init.getType()))
      return yield.emitOpError("scan_c2: a next state must be ")
             << getStepType(init.getType()) << ", but is " << next.getType();
  for (auto [value, output] : llvm::zip(yield.getValues(), getOutputs()))
    if (output.getType() != overDomain(value.getType(), getDomain()))
      return emitOpError("scan_c3: an output must be ")
             << overDomain(value.getType(), getDomain()) << ", but is "
             << output.getType();
  for (auto [last, init] : llvm::zip(getLasts(), getInits()))
    if (last.getType() != init.getType() &&
        !(isChunked() &&
          getStepType(last.getType()) == getStepType(init.getType())))
      return emitOpError("scan_c3: a last state must be ")
             << init.getType() << ", but is " << last.getType();
  WalkResult walk = getStep()->walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (isSequence(operand.getType())) {
        op->emitOpError("scan_c4: a step must not read a whole sequence; pass "
                        "it with `over`");
        return WalkResult::interrupt();
      }
    if (!isa<YieldOp>(op) && !isMemoryEffectFree(op) &&
        !isa<LayerOpInterface, ParameterOp>(op)) {
      op->emitOpError("scan_c4: has a side effect; a step must be a pure "
                      "function of its inputs and states");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// RepeatOp
//===----------------------------------------------------------------------===//

void RepeatOp::build(OpBuilder &builder, OperationState &state, int64_t count,
                     StringRef name, ValueRange inits, ValueRange stacks,
                     bool reverse) {
  state.addOperands(inits);
  state.addOperands(stacks);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.operandSegmentSizes = {int32_t(inits.size()),
                                    int32_t(stacks.size())};
  properties.count = builder.getI64IntegerAttr(count);
  properties.name = builder.getStringAttr(name);
  if (reverse)
    properties.reverse = builder.getUnitAttr();
  Block &body = state.addRegion()->emplaceBlock();
  for (Value init : inits)
    body.addArgument(init.getType(), init.getLoc());
  for (Value stack : stacks)
    body.addArgument(dropLeading(stack.getType()), stack.getLoc());
}

RepeatOp RepeatOp::finish(OpBuilder &builder, RepeatOp repeat,
                          ValueRange values) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(repeat.getLayer());
  YieldOp::create(builder, repeat.getLoc(), values, ValueRange());
  builder.setInsertionPoint(repeat);
  OperationState state(repeat.getLoc(), repeat->getName());
  state.addOperands(repeat->getOperands());
  for (auto [i, value] : llvm::enumerate(values))
    state.addTypes(i < repeat.getInits().size()
                       ? value.getType()
                       : addLeading(value.getType(), repeat.getCount()));
  state.addAttributes(llvm::to_vector(repeat->getDiscardableAttrs()));
  state.getOrAddProperties<Properties>() = repeat.getProperties();
  state.addRegion()->takeBody(repeat.getBody());
  auto finished = cast<RepeatOp>(builder.create(state));
  eraseUnfinished(builder, repeat);
  return finished;
}

YieldOp RepeatOp::getYield() {
  return cast<YieldOp>(getLayer()->getTerminator());
}

ParseResult RepeatOp::parse(OpAsmParser &parser, OperationState &result) {
  auto &properties = result.getOrAddProperties<Properties>();
  Builder &builder = parser.getBuilder();
  int64_t count = 0;
  std::string name;
  Bindings inits, stacks;
  if (parser.parseInteger(count) || parser.parseString(&name))
    return failure();
  properties.count = builder.getI64IntegerAttr(count);
  properties.name = builder.getStringAttr(name);
  // `(%x = %x0, ...) : types`, then `stack(%s = %S, ... : types)`.
  auto parseOne = [&]() -> ParseResult {
    return failure(parser.parseArgument(inits.arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(inits.operands.emplace_back()));
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseOne))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("stack")) &&
      parseBindings(parser, stacks))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    properties.reverse = builder.getUnitAttr();
  SmallVector<Type> types;
  if (succeeded(parser.parseOptionalColon()) && parser.parseTypeList(types))
    return failure();
  llvm::SMLoc at = parser.getNameLoc();
  if (types.size() < inits.operands.size())
    return parser.emitError(at, "expected at least one type per carried "
                                "value");
  inits.types.assign(types.begin(), types.begin() + inits.operands.size());
  if (stacks.operands.size() != stacks.types.size())
    return parser.emitError(at, "expected one type per stack operand");
  SmallVector<OpAsmParser::Argument> arguments;
  for (auto [argument, type] : llvm::zip(inits.arguments, inits.types)) {
    argument.type = type;
    arguments.push_back(argument);
  }
  for (auto [argument, type] : llvm::zip(stacks.arguments, stacks.types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() == 0)
      return parser.emitError(at, "expected a tensor with a leading dimension");
    argument.type = dropLeading(type);
    arguments.push_back(argument);
  }
  result.addTypes(types);
  properties.operandSegmentSizes = {int32_t(inits.operands.size()),
                                    int32_t(stacks.operands.size())};
  return failure(parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
                 parser.parseRegion(*result.addRegion(), arguments) ||
                 parser.resolveOperands(inits.operands, inits.types, at,
                                        result.operands) ||
                 parser.resolveOperands(stacks.operands, stacks.types, at,
                                        result.operands));
}

void RepeatOp::print(OpAsmPrinter &printer) {
  printer << " " << getCount() << " ";
  printer.printAttribute(getNameAttr());
  printer << " (";
  llvm::interleaveComma(llvm::zip(getLayer()->getArguments(), getInits()),
                        printer, [&](auto pair) {
                          printer << std::get<0>(pair) << " = "
                                  << std::get<1>(pair);
                        });
  printer << ")";
  if (!getStacks().empty()) {
    printer << " stack";
    printBindings(printer,
                  getLayer()->getArguments().take_back(getStacks().size()),
                  getStacks());
  }
  if (getReverse())
    printer << " reverse";
  if (getNumResults() != 0)
    printer << " : " << getResultTypes();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"count", "name", "reverse", "operandSegmentSizes"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult RepeatOp::verify() {
  if (getCount() < 1 || getCount() > 100000)
    return emitOpError("repeat_c1: the count must be in [1, 100000], but is ")
           << int64_t(getCount());
  return success();
}

LogicalResult RepeatOp::verifyRegions() {
  YieldOp yield = dyn_cast<YieldOp>(getLayer()->getTerminator());
  if (!yield || !yield.getNext().empty())
    return emitOpError("repeat_c2: the body must end with rnn.yield of the "
                       "carried values");
  if (yield.getValues().size() != getNumResults() ||
      getNumResults() < getInits().size())
    return yield.emitOpError("repeat_c2: expected ")
           << getNumResults() << " values, found " << yield.getValues().size();
  for (auto [i, value] : llvm::enumerate(yield.getValues())) {
    if (i < getInits().size() && value.getType() != getInits()[i].getType())
      return yield.emitOpError("repeat_c2: the carried value #")
             << i << " must be " << getInits()[i].getType() << ", but is "
             << value.getType();
    Type expected = i < getInits().size()
                        ? value.getType()
                        : addLeading(value.getType(), getCount());
    if (getResult(i).getType() != expected)
      return yield.emitOpError("repeat_c2: result #")
             << i << " must be " << expected << ", but is "
             << getResult(i).getType();
  }
  return success();
}

} // namespace rnn
