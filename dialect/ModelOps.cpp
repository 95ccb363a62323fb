// Models, objectives, cells and entries: syntax and verifiers.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;

namespace rnn {

//===----------------------------------------------------------------------===//
// Functions: model, objective, entry
//===----------------------------------------------------------------------===//

/// As `func.func`, but an argument keeps its name in the text as the attribute
/// `rnn.name`: it is what callers of the compiled module name it by.
template <typename OpTy>
static ParseResult parseFunction(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr symbol;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Type> results;
  SmallVector<DictionaryAttr> resultAttrs;
  bool isVariadic = false;
  if (parser.parseSymbolName(symbol, OpTy::getSymNameAttrName(result.name),
                             result.attributes) ||
      function_interface_impl::parseFunctionSignatureWithArguments(
          parser, /*allowVariadic=*/false, arguments, isVariadic, results,
          resultAttrs))
    return failure();
  SmallVector<Type> types;
  for (OpAsmParser::Argument &argument : arguments) {
    types.push_back(argument.type);
    StringRef name = argument.ssaName.name.drop_front();
    if (!argument.attrs)
      argument.attrs = builder.getDictionaryAttr({});
    if (!argument.attrs.contains("rnn.name") && !name.empty() &&
        !isdigit(name.front())) {
      NamedAttrList attrs(argument.attrs);
      attrs.set("rnn.name", builder.getStringAttr(name));
      argument.attrs = attrs.getDictionary(builder.getContext());
    }
  }
  result.addAttribute(OpTy::getFunctionTypeAttrName(result.name),
                      TypeAttr::get(builder.getFunctionType(types, results)));
  call_interface_impl::addArgAndResultAttrs(
      builder, result, arguments, resultAttrs,
      OpTy::getArgAttrsAttrName(result.name),
      OpTy::getResAttrsAttrName(result.name));
  return failure(parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
                 parser.parseRegion(*result.addRegion(), arguments));
}

template <typename OpTy> static void printFunction(OpAsmPrinter &p, OpTy op) {
  function_interface_impl::printFunctionOp(
      p, op, /*isVariadic=*/false, op.getFunctionTypeAttrName(),
      op.getArgAttrsAttrName(), op.getResAttrsAttrName());
}

/// Refuses what is not a sequence, a step or static, and sizes out of range.
static LogicalResult verifyTensor(Operation *op, StringRef constraint,
                                  Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || getTensorKind(type) == TensorKind::Invalid)
    return op->emitOpError(constraint)
           << ": expected tensor<?x?xF> (batch, time, features), tensor<?xF> "
              "or a static tensor, with static features, but found "
           << type;
  if (tensor.getEncoding())
    return op->emitOpError(constraint)
           << ": named widths belong in rnn.cell, not in " << type;
  if (getStaticSize(getFeatures(type)) <= 0)
    return op->emitOpError(constraint)
           << ": the features of " << type
           << " must be at least 1 and at most 2^40 in product";
  return success();
}

static LogicalResult verifyFunction(FunctionOpInterface op,
                                    StringRef constraint) {
  for (Type type :
       llvm::concat<const Type>(op.getArgumentTypes(), op.getResultTypes()))
    if (failed(verifyTensor(op, constraint, type)))
      return failure();
  // What the values inside may be follows; the first bad one is reported where
  // it is computed.
  WalkResult walk = op->walk([&](Operation *inner) {
    for (Type type : inner->getResultTypes())
      if (isa<ShapedType>(type) && inner->getParentOfType<ScanOp>() == nullptr)
        if (!isa<RepeatOp>(inner) &&
            failed(verifyTensor(inner, "model_c1", type)))
          return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

ParseResult ModelOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<ModelOp>(parser, result);
}
void ModelOp::print(OpAsmPrinter &p) { printFunction(p, *this); }
LogicalResult ModelOp::verify() { return verifyFunction(*this, "model_c1"); }

ParseResult ObjectiveOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<ObjectiveOp>(parser, result);
}
void ObjectiveOp::print(OpAsmPrinter &p) { printFunction(p, *this); }
LogicalResult ObjectiveOp::verify() {
  ArrayRef<Type> results = getFunctionType().getResults();
  if (results.size() != 1 || !isStatic(results[0]) ||
      !getFeatures(results[0]).empty() ||
      !isa<FloatType>(getElementTypeOrSelf(results[0])))
    return emitOpError("objective_c1: expected one result, a scalar "
                       "tensor<f32>");
  return verifyFunction(*this, "model_c1");
}

ParseResult EntryOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<EntryOp>(parser, result);
}
void EntryOp::print(OpAsmPrinter &p) { printFunction(p, *this); }
LogicalResult EntryOp::verify() { return success(); }

LogicalResult ReturnOp::verify() {
  auto function = cast<FunctionOpInterface>((*this)->getParentOp());
  if (getValues().getTypes() != TypeRange(function.getResultTypes()))
    return emitOpError("returns (")
           << getValues().getTypes() << "), but '" << function.getName()
           << "' declares (" << function.getResultTypes() << ")";
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto model = symbols.lookupNearestSymbolFrom<ModelOp>(*this, getCalleeAttr());
  if (!model)
    return emitOpError("call_c1: there is no rnn.model @")
           << getCallee() << " in this file";
  FunctionType type = model.getFunctionType();
  if (TypeRange(type.getInputs()) != getInputs().getTypes() ||
      TypeRange(type.getResults()) != getResultTypes())
    return emitOpError("call_c1: @")
           << getCallee() << " is " << type << ", but is called as "
           << FunctionType::get(getContext(), getInputs().getTypes(),
                                getResultTypes());
  return success();
}

//===----------------------------------------------------------------------===//
// CellOp
//===----------------------------------------------------------------------===//

ParseResult CellOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr name;
  auto &properties = result.getOrAddProperties<Properties>();
  if (parser.parseSymbolName(name))
    return failure();
  properties.sym_name = name;
  SmallVector<Attribute> widths;
  if (succeeded(parser.parseOptionalLess())) {
    auto parseOne = [&]() -> ParseResult {
      StringRef word;
      if (parser.parseKeyword(&word))
        return failure();
      widths.push_back(builder.getStringAttr(word));
      return success();
    };
    if (parser.parseCommaSeparatedList(parseOne) || parser.parseGreater())
      return failure();
  }
  properties.widths = builder.getArrayAttr(widths);
  SmallVector<OpAsmParser::Argument> arguments, states;
  if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("state")) &&
      parser.parseArgumentList(states, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true))
    return failure();
  properties.num_states = builder.getI64IntegerAttr(states.size());
  for (OpAsmParser::Argument &state : states) // so that reports can name it
    state.sourceLoc =
        NameLoc::get(builder.getStringAttr(state.ssaName.name.drop_front()),
                     parser.getEncodedSourceLoc(state.ssaName.location));
  arguments.append(states);
  SmallVector<Type> results;
  if (parser.parseOptionalArrowTypeList(results))
    return failure();
  properties.result_types = builder.getTypeArrayAttr(results);
  return failure(parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
                 parser.parseRegion(*result.addRegion(), arguments));
}

void CellOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printSymbolName(getSymName());
  if (!getWidths().empty()) {
    printer << "<";
    llvm::interleaveComma(getWidths().getAsValueRange<StringAttr>(), printer);
    printer << ">";
  }
  auto printArguments = [&](auto arguments) {
    printer << "(";
    llvm::interleaveComma(arguments, printer, [&](BlockArgument argument) {
      printer.printRegionArgument(argument);
    });
    printer << ")";
  };
  printArguments(getStep()->getArguments().take_front(getNumInputs()));
  if (getNumStates() != 0) {
    printer << " state";
    printArguments(getStep()->getArguments().drop_front(getNumInputs()));
  }
  if (!getResultTypes().empty()) {
    auto types = getResultTypes().getAsValueRange<TypeAttr>();
    printer << " -> ";
    bool many = getResultTypes().size() > 1;
    printer << (many ? "(" : "");
    llvm::interleaveComma(types, printer);
    printer << (many ? ")" : "");
  }
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {"sym_name", "widths", "num_states", "result_types"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult CellOp::verify() {
  if (getNumStates() > getStep()->getNumArguments())
    return emitOpError("cell_c5: has fewer arguments than states");
  auto verifyStep = [&](Type type) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(type);
    auto widths = tensor ? getNamedWidths(type)
                         : SmallVector<SmallVector<StringRef, 2>>();
    for (ArrayRef<StringRef> factors : widths)
      for (StringRef factor : factors)
        if (int64_t number;
            factor.getAsInteger(10, number) &&
            !llvm::is_contained(getWidths().getAsValueRange<StringAttr>(),
                                factor))
          return emitOpError("cell_c3: the width \"")
                 << factor << "\" of " << type << " is not declared; write @"
                 << getSymName() << "<" << factor << ">";
    // Batch stays dynamic.
    if (!widths.empty() &&
        size_t(tensor.getNumDynamicDims()) == widths.size() + 1 &&
        tensor.isDynamicDim(0))
      return success();
    if (hasNamedWidth(type) || !isStep(type) ||
        getStaticSize(getFeatures(type)) <= 0)
      return emitOpError("cell_c1: a cell works on one step: expected "
                         "tensor<?xF> (batch, static features of at least 1), "
                         "but found ")
             << type;
    return success();
  };
  for (Type type : getStep()->getArgumentTypes())
    if (failed(verifyStep(type)))
      return failure();
  for (Type type : getResultTypes().getAsValueRange<TypeAttr>())
    if (failed(verifyStep(type)))
      return failure();
  return success();
}

LogicalResult CellOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getStep()->getTerminator());
  if (!yield)
    return emitOpError("cell_c2: a cell must end with rnn.yield");
  auto refuse = [&](StringRef what, TypeRange expected, TypeRange found) {
    return yield.emitOpError("cell_c2: expected the ")
           << what << " (" << expected << "), found (" << found << ")";
  };
  SmallVector<Type> results(getResultTypes().getAsValueRange<TypeAttr>());
  if (TypeRange(results) != yield.getValues().getTypes())
    return refuse("results", results, yield.getValues().getTypes());
  TypeRange states =
      TypeRange(getStep()->getArgumentTypes()).drop_front(getNumInputs());
  if (states != yield.getNext().getTypes())
    return refuse("next states", states, yield.getNext().getTypes());
  WalkResult walk = getStep()->walk([&](Operation *op) {
    if (isa<YieldOp>(op) || isMemoryEffectFree(op) ||
        isa<LayerOpInterface, ParameterOp>(op))
      return WalkResult::advance();
    op->emitOpError("cell_c4: has a side effect; a step must be a pure "
                    "function of its inputs and states");
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

} // namespace rnn
