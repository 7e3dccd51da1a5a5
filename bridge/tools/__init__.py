"""Tools that a model may call while it thinks: `tool` says what one is, `use` lets the steps of a task call them.

`calculator`, `search` and `python` are one each; `python` runs programs in the `cage`.
"""

from longthink.bridge.tools.tool import Tool, ToolResult, load_tool, register_tool, tools
from longthink.bridge.tools.use import with_tools

__all__ = ["Tool", "ToolResult", "load_tool", "register_tool", "tools", "with_tools"]
