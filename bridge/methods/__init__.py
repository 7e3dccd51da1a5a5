"""Methods: ways to spend a budget on a task. One file is one idea; method.py says what a method is."""

from longthink.bridge.methods.method import Method
from longthink.bridge.methods.registry import METHODS, methods, register_method

__all__ = ["METHODS", "Method", "methods", "register_method"]
