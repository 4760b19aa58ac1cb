/**
 * A history as a tree: each checkpoint below its parent, side by side where it forks.
 *
 * @module
 */
import { groupBy } from "../group.ts";

/** A node of the tree; a parent that is not among the nodes makes it a root. */
export interface TreeNode {
  readonly id: string;
  readonly parentId: string | undefined;
}

/** A node with what stands before it in its line. */
export interface TreeLine<Node extends TreeNode> {
  readonly node: Node;
  readonly branches: string;
}

/**
 * Lays out nodes line by line, each after its parent. A chain stays in its column; where it forks, the
 * branches begin in the order of their ids.
 *
 * @param nodes In any order, each id once.
 */
export function treeLines<Node extends TreeNode>(nodes: readonly Node[]): TreeLine<Node>[] {
  const ordered = nodes.toSorted((a, b) => a.id < b.id ? -1 : 1);
  const known = new Set(ordered.map(({ id }) => id));
  const childrenOf = groupBy(
    ordered,
    ({ id, parentId }) =>
      parentId !== undefined && parentId !== id && known.has(parentId) ? parentId : undefined,
  );
  const lines: TreeLine<Node>[] = [];
  // A stack, as a thread may be longer than calls can be deep.
  const open = place(childrenOf.get(undefined) ?? [], "", false);
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, branches, below } = next;
    lines.push({ node, branches });
    const children = childrenOf.get(node.id) ?? [];
    open.push(...place(children, below, children.length > 1));
  }
  return lines;
}

/** Children with their branches, the first one last. */
function place<Node>(children: readonly Node[], before: string, isFork: boolean) {
  return children.map((node, at) => {
    if (!isFork) return { node, branches: before, below: before };
    const isLast = at === children.length - 1;
    return {
      node,
      branches: before + (isLast ? "└─ " : "├─ "),
      below: before + (isLast ? "   " : "│  "),
    };
  }).reverse();
}
