"""Tools that a model may call while it thinks: `tool` says what one is, proposals/kinds/tool.py how one is called.

The tools are `calculator`, `search` and `python`, one file each; `python` runs programs in `sandbox`.
"""

from longthink.bridge.tools.tool import Tool, ToolResult, load_tool, register_tool, tools

__all__ = ["Tool", "ToolResult", "load_tool", "register_tool", "tools"]
