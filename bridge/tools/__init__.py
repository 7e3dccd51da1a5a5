"""Tools that a model may call while it thinks: calculator, search, and python, which runs programs in the sandbox.

tool.py says what a tool is, registry.py finds one by name, bridge/proposals/kinds/tool.py says how a model calls one.
"""
