"""Small helpers to write ONNX graphs by hand, for what no converter exports the way that Telltale reads it."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 17
# Read by every onnxruntime since 1.15.
IR_VERSION = 8


class Graph:
    """Collects nodes and constants; every method returns the name of the value that it makes."""

    def __init__(self, name):
        self.name = name
        self.nodes = []
        self.constants = []

    def constant(self, value, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op, inputs, output=None, **attributes):
        name = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def add_many(self, op, inputs, outputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, outputs, **attributes))
        return outputs

    def save(self, path, inputs, outputs):
        """inputs, outputs: name -> (numpy type, shape without the batch dimension)."""

        def info(values):
            return [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), ["N", *shape])
                for name, (dtype, shape) in values.items()
            ]

        graph = helper.make_graph(self.nodes, self.name, info(inputs), info(outputs), self.constants)
        model = helper.make_model(graph, producer_name="telltale", opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def perceptron(graph, x, log_columns, mean, std, layers):
    """log(1 + x) of the chosen columns, standardised, then dense layers with ReLU between; gives the last layer's output.

    log_columns: a flag a column. layers: (weights [inputs, outputs], bias [outputs]) pairs.
    """
    if any(log_columns):
        positive = graph.add("Max", [x, graph.constant(0)])
        logarithm = graph.add("Log", [graph.add("Add", [positive, graph.constant(1)])])
        x = graph.add("Where", [graph.constant(np.array([log_columns]), bool), logarithm, x])
    x = graph.add("Div", [graph.add("Sub", [x, graph.constant(mean)]), graph.constant(std)])
    for index, (weights, bias) in enumerate(layers):
        x = graph.add("Gemm", [x, graph.constant(weights), graph.constant(bias)])
        if index + 1 < len(layers):
            x = graph.add("Relu", [x])
    return x
