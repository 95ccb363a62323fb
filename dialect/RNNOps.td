// Every op, for TableGen.
include "CoreOps.td"
include "ScanOps.td"
include "ModelOps.td"
include "LayerOps.td"
include "RecurrentLayerOps.td"
include "AttentionOps.td"
<<<<<<< HEAD
include "GatedLayerOps.td"
=======
include "StateSpaceOps.td"
include "LinearAttentionOps.td"
>>>>>>> 01b84b4 (Add selective_scan, s4d, aaren and linear_attention: layers with several numbers a channel)
