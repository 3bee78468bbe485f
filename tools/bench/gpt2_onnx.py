"""GPT-2 as ONNX: the plain operators of an export of GPT2LMHeadModel with its cache, and the input
`num_logits_to_keep` of current transformers.js exports."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantizationMode, QuantType
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.registry import IntegerOpsRegistry

from checkpoint import D_HEAD, N_EMBD, N_HEAD, N_LAYER, VOCAB_SIZE


def cache_names(prefix):
    return [f"{prefix}.{layer}.{kind}" for layer in range(N_LAYER) for kind in ("key", "value")]


class Graph:
    """Collects nodes and constants as they are used; values are named."""

    def __init__(self, weights):
        self.nodes = []
        self.constants = {}
        for name, array in weights.items():
            self.constant(name, array)

    def constant(self, name, value, dtype=None):
        self.constants[name] = numpy_helper.from_array(np.array(value, dtype), name)
        return name

    def op(self, kind, *inputs, outputs=None, **attributes):
        outputs = outputs or [f"{kind}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=f"{kind}_{len(self.nodes)}", **attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def norm(self, x, name):
        return self.op("LayerNormalization", x, f"{name}.weight", f"{name}.bias", axis=-1, epsilon=1e-5)

    def conv1d(self, x, name):
        return self.op("Add", self.op("MatMul", x, f"{name}.weight"), f"{name}.bias")


def gpt2_graph(weights, is_head_tied):
    """A separate head costs a second copy of the embedding, but can be quantised."""
    graph = Graph(weights)
    op, constant = graph.op, graph.constant
    for name, value in {"zero": 0, "one": 1, "axis_0": [0], "axis_1": [1], "end": [2**31 - 1], "qkv": [N_EMBD] * 3}.items():
        constant(name, value, np.int64)
    constant("by_head", [0, 0, N_HEAD, D_HEAD], np.int64)
    constant("flat", [0, 0, N_EMBD], np.int64)
    constant("scale", D_HEAD**-0.5, np.float32)
    mask = causal_mask(graph)

    x = op("Add", op("Gather", "wte.weight", "input_ids"), op("Gather", "wpe.weight", "position_ids"))  # (b, t, n_embd)
    for layer in range(N_LAYER):
        h = f"h.{layer}"
        x = op("Add", x, attention(graph, graph.norm(x, f"{h}.ln_1"), layer, mask))
        x = op("Add", x, mlp(graph, graph.norm(x, f"{h}.ln_2"), f"{h}.mlp"))
    x = op("Slice", x, op("Reshape", op("Neg", "num_logits_to_keep"), "axis_1"), "end", "axis_1")  # (b, kept, n_embd)
    if is_head_tied:
        head = op("Transpose", "wte.weight", perm=[1, 0])
    else:
        head = constant("lm_head.weight", weights["wte.weight"].T)
    op("MatMul", graph.norm(x, "ln_f"), head, outputs=["logits"])

    def value(name, kind, *shape):
        return helper.make_tensor_value_info(name, kind, shape)

    inputs = [
        value("input_ids", TensorProto.INT64, "b", "t"),
        value("attention_mask", TensorProto.INT64, "b", "past + t"),
        value("position_ids", TensorProto.INT64, "b", "t"),
        value("num_logits_to_keep", TensorProto.INT64),
        *(value(name, TensorProto.FLOAT, "b", N_HEAD, "past", D_HEAD) for name in cache_names("past_key_values")),
    ]
    outputs = [
        value("logits", TensorProto.FLOAT, "b", "kept", VOCAB_SIZE),
        *(value(name, TensorProto.FLOAT, "b", N_HEAD, "past + t", D_HEAD) for name in cache_names("present")),
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "distilgpt2", inputs, outputs, list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


def causal_mask(graph):
    """The mask added to the attention scores: (b, 1, t, past + t)."""
    op, constant = graph.op, graph.constant
    t = op("Gather", op("Shape", "input_ids"), "one")
    total = op("Gather", op("Shape", "attention_mask"), "one")
    keys = op("Unsqueeze", op("Range", "zero", total, "one"), "axis_0")
    queries = op("Unsqueeze", op("Range", op("Sub", total, t), total, "one"), "axis_1")
    attended = op("Cast", "attention_mask", to=TensorProto.BOOL)
    attended = op("Unsqueeze", op("Unsqueeze", attended, "axis_1"), "axis_1")
    allowed = op("And", op("LessOrEqual", keys, queries), attended)
    lowest = constant("lowest", np.finfo(np.float32).min, np.float32)
    return op("Where", allowed, constant("nothing", 0, np.float32), lowest)


def attention(graph, x, layer, mask):
    op = graph.op
    qkv = graph.conv1d(x, f"h.{layer}.attn.c_attn")
    q, k, v = (
        op("Transpose", op("Reshape", part, "by_head"), perm=[0, 2, 1, 3])  # (b, n_head, t, d_head)
        for part in op("Split", qkv, "qkv", outputs=[f"{name}_{layer}" for name in "qkv"], axis=2)
    )
    k = op("Concat", f"past_key_values.{layer}.key", k, outputs=[f"present.{layer}.key"], axis=2)
    v = op("Concat", f"past_key_values.{layer}.value", v, outputs=[f"present.{layer}.value"], axis=2)
    scores = op("Mul", op("MatMul", q, op("Transpose", k, perm=[0, 1, 3, 2])), "scale")  # (b, n_head, t, past + t)
    probabilities = op("Softmax", op("Add", scores, mask), axis=-1)
    y = op("Transpose", op("MatMul", probabilities, v), perm=[0, 2, 1, 3])
    return graph.conv1d(op("Reshape", y, "flat"), f"h.{layer}.attn.c_proj")


def mlp(graph, x, name):
    op, constant = graph.op, graph.constant
    x = graph.conv1d(x, f"{name}.c_fc")  # (b, t, 4 * n_embd)
    # gelu_new
    cubed = op("Mul", op("Pow", x, constant("three", 3, np.float32)), constant("gelu_cubic", 0.044715, np.float32))
    inner = op("Mul", op("Add", x, cubed), constant("gelu_scale", np.sqrt(2 / np.pi), np.float32))
    outer = op("Add", op("Tanh", inner), constant("gelu_one", 1, np.float32))
    return graph.conv1d(op("Mul", op("Mul", x, constant("half", 0.5, np.float32)), outer), f"{name}.c_proj")


def write_int8(model, path):
    """Quantises as transformers.js's conversion does for GPT-2: int8 weights with one scale per tensor, and dynamically
    quantised activations.
    """
    quantizer = ONNXQuantizer(
        model,
        per_channel=False,
        reduce_range=False,
        mode=QuantizationMode.IntegerOps,
        static=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=None,
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=list(IntegerOpsRegistry),
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    quantizer.quantize_model()
    onnx.save(quantizer.model.model, path)
