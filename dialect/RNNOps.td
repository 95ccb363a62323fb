// Every op, for TableGen.
include "CoreOps.td"
include "ScanOps.td"
include "ModelOps.td"
include "LayerOps.td"
include "RecurrentLayerOps.td"
include "AttentionOps.td"
include "GatedLayerOps.td"
