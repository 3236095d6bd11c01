"""Numbers with the digits they are written with: `2499.00`, where a reader of YAML gives 2499.0."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from pipecli.records.base import Plain
from pipecli.store.yaml.tree import ListNode, MappingNode, ScalarNode, TreeNode, is_void, read_tree


def exact(plain: Plain, text: str) -> Plain:
    """What a text says, without what says nothing, its decimals as `Decimal`."""
    if not _has_decimals(plain):
        return plain
    root = read_tree(text)
    made = _exact(plain, root) if root else plain
    return made if isinstance(made, dict) else plain


def _has_decimals(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_decimals, value.values()))
    return any(map(_has_decimals, value)) if isinstance(value, list) else isinstance(value, float)


def _exact(value: object, node: TreeNode) -> object:
    if isinstance(value, dict) and isinstance(node, MappingNode):
        nodes = {entry.key.text: entry.value for entry in node.entries}
        return {key: _exact(each, nodes[key]) if key in nodes else each for key, each in value.items()}
    if isinstance(value, list) and isinstance(node, ListNode):
        inner = [item.value for item in node.items if not is_void(item.value)]
        return (
            [_exact(*pair) for pair in zip(value, inner, strict=True)] if len(inner) == len(value) else value
        )
    if isinstance(value, float) and isinstance(node, ScalarNode):
        try:
            written = Decimal(node.text)
        except InvalidOperation:
            return value
        return written if written == Decimal(repr(value)) else value
    return value
