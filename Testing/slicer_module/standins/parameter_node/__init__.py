"""`slicer.parameterNodeWrapper`: typed fields kept in a vtkMRMLScriptedModuleNode and bound to widgets.

The names of parameters and references in the node are those of the application, so that a scene that was
saved here opens there.
"""

from .annotations import (
    Choice,
    Decimals,
    Default,
    Exclude,
    IsInstance,
    Maximum,
    Minimum,
    NotNone,
    SingleStep,
    Validator,
    WithinRange,
)
from .bindings import SlicerParameterNamePropertyName, findChildWidgetForParameter
from .packs import isParameterPack, nestedParameterNames, parameterPack
from .wrapper import isParameterNodeWrapper, parameterNodeWrapper

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Exclude",
    "IsInstance",
    "Maximum",
    "Minimum",
    "NotNone",
    "SingleStep",
    "SlicerParameterNamePropertyName",
    "Validator",
    "WithinRange",
    "findChildWidgetForParameter",
    "isParameterNodeWrapper",
    "isParameterPack",
    "nestedParameterNames",
    "parameterNodeWrapper",
    "parameterPack",
]
