"""Tools that a model may call while it thinks: `tool` says what one is, proposals/kinds/tool.py how one is called.

`calculator`, `search` and `python` are one each; `python` runs programs in the `cage`.
"""

from longthink.bridge.tools.tool import Tool, ToolResult, load_tool, register_tool, tools

__all__ = ["Tool", "ToolResult", "load_tool", "register_tool", "tools"]
