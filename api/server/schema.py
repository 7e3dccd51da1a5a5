"""Requests and replies of `longthink serve` as pydantic models, in the form of OpenAI's chat completions.

The additions of longthink are in one field, `longthink`. FastAPI checks requests by these models and writes the schema
of the server from them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

EFFORTS = {"minimal": 500, "low": 2000, "medium": 8000, "high": 32000}
"""Tokens, of prompts and answers together, that a `reasoning_effort` may spend; "none" takes one answer."""

Json = dict[str, Any]


class Strict(BaseModel):
    """A form without unknown fields."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def _whole(value: Any) -> Any:
    """5.0 is the whole number 5, as in JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _off(value: Any) -> Any:
    if value is not False:  # not 0 either, which a Literal would take
        raise ValueError("Input should be false")
    return value


def _form(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a text"


Count = Annotated[int, Field(strict=True, ge=1), BeforeValidator(_whole)]
Seed = Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1), BeforeValidator(_whole)]
Number = Annotated[float, Field(strict=True)]
Amount = Annotated[Number, Field(gt=0)]
Flag = Annotated[bool, Field(strict=True)]
Off = Annotated[bool, BeforeValidator(_off), WithJsonSchema({"const": False})]
One = Annotated[Number, Field(ge=1, le=1)]
Zero = Annotated[Number, Field(ge=0, le=0)]
StopText = Annotated[str, Field(min_length=1, max_length=100)]
Ignored = Annotated[Any, WithJsonSchema({})]


# ---- Requests ----


class TextPart(Strict):
    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of a chat; other fields, such as the name of the speaker, are ignored."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        Annotated[str, Tag("a text")] | Annotated[list[TextPart], Field(min_length=1), Tag("a list")],
        Discriminator(_form),
    ]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class StreamOptions(Strict):
    include_usage: Flag = False
    include_obfuscation: Flag = False


class ResponseFormat(Strict):
    type: Literal["text"]


class BudgetLimits(Strict):
    """The limits of a `Budget`, at least one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    simulations: Count | None = None
    nodes: Count | None = None
    tokens: Count | None = None
    prompt_tokens: Count | None = None
    generated_tokens: Count | None = None
    calls: Count | None = None
    seconds: Amount | None = None
    money: Amount | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if not self.limits():
            raise ValueError("a budget needs at least one limit")
        return self

    def limits(self) -> dict[str, float]:
        """The limits that are set, by name."""
        return self.model_dump(exclude_none=True)


class Extension(Strict):
    """What longthink adds to a request."""

    task: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    method: str | None = None
    budget: BudgetLimits | None = None


class ChatRequest(Strict):
    """The body of a chat completion.

    Fields for things that longthink does not do are taken only with the value that asks for nothing.
    """

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    seed: Seed | None = None
    stop: (
        Annotated[
            Annotated[StopText, Tag("a text")] | Annotated[list[StopText], Field(max_length=4), Tag("a list")],
            Discriminator(_form),
        ]
        | None
    ) = None
    stream: Flag | None = None
    stream_options: StreamOptions | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    longthink: Extension | None = None
    # Only the value that asks for nothing.
    n: One | None = None
    top_p: One | None = None
    presence_penalty: Zero | None = None
    frequency_penalty: Zero | None = None
    logprobs: Off | None = None
    top_logprobs: Zero | None = None
    logit_bias: Annotated[dict[str, Any], Field(max_length=0)] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = None
    tool_choice: Literal["none", "auto"] | None = None
    parallel_tool_calls: Flag | None = None
    response_format: ResponseFormat | None = None
    modalities: Annotated[list[Literal["text"]], Field(min_length=1, max_length=1)] | None = None
    # Fields that do not change the answer.
    user: Ignored = None
    metadata: Ignored = None
    store: Ignored = None
    service_tier: Ignored = None
    safety_identifier: Ignored = None
    prompt_cache_key: Ignored = None


# ---- Replies ----


class ReplyMessage(BaseModel):
    """reasoning_content: what led to the answer and is no part of it."""

    role: Literal["assistant"]
    content: str
    refusal: None
    reasoning_content: str | None = None


class Choice(BaseModel):
    index: int
    message: ReplyMessage
    logprobs: None
    finish_reason: Literal["stop", "length"]


class Usage(BaseModel):
    """Tokens of all requests to the model. Details: `cached_tokens` of prompts, `reasoning_tokens` of completions."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]
    completion_tokens_details: dict[str, int]


class ChatCompletion(BaseModel):
    """A whole reply. longthink: what was done, and how far the answer can be trusted."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    longthink: Json


class ModelEntry(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "longthink"


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelEntry]


class Health(BaseModel):
    status: Literal["ok", "draining"]
    thinking: int
    waiting: int
