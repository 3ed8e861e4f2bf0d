/**
 * The pieces of a vocabulary as a tree. Each edge is one UTF-16 unit, and a piece is the path from a
 * root to a node, so that the longest piece at a place in a text is found in one pass.
 */

/** The root of the pieces that begin a word. */
export const BEGINNING = 1;
/** The root of the pieces that continue a word, without their `##`. */
export const INSIDE = 2;

/** The number of nodes at which the arrays begin. */
const FIRST_SIZE = 2 ** 12;

/**
 * A tree of texts. Nodes are numbered from 1; 0 stands for no node. All edges are in one hash table.
 *
 * @example
 * ```ts
 * import { BEGINNING, PieceTree } from "bert/tokenizer/piece_tree.ts";
 * import { strictEqual } from "node:assert";
 * const tree = new PieceTree();
 * tree.add(BEGINNING, "a", 7);
 * strictEqual(tree.idAt(tree.child(BEGINNING, "a".charCodeAt(0))), 7);
 * strictEqual(tree.child(BEGINNING, "b".charCodeAt(0)), 0);
 * ```
 */
export class PieceTree {
  /** The number of nodes, including the two roots and no node. */
  #size = INSIDE + 1;
  /** For each node the one above it. */
  #parents = new Int32Array(FIRST_SIZE);
  /** For each node the unit on the edge to it. */
  #units = new Uint16Array(FIRST_SIZE);
  /** For each node the id of the text that ends at it, plus 1; 0 if none ends there. */
  #ids = new Int32Array(FIRST_SIZE);
  /** A hash table of nodes by parent and unit. At most half of the slots are taken. */
  #slots = new Int32Array(2 * FIRST_SIZE);

  /** Adds a text below a root. A text that is added again gets the new id. */
  add(root: number, text: string, id: number): void {
    let node = root;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      node = this.child(node, unit) || this.#addChild(node, unit);
    }
    this.#ids[node] = id + 1;
  }

  /** The node to which the edge with a unit leads; 0 if there is none. */
  child(node: number, unit: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(node, unit) & mask;
    let found = this.#slots[slot];
    while (found !== 0 && (this.#units[found] !== unit || this.#parents[found] !== node)) {
      slot = slot + 1 & mask;
      found = this.#slots[slot];
    }
    return found;
  }

  /** The id of the text that ends at a node; -1 if none ends there. */
  idAt(node: number): number {
    return this.#ids[node] - 1;
  }

  #addChild(parent: number, unit: number): number {
    if (this.#size === this.#units.length) this.#grow();
    const node = this.#size++;
    this.#parents[node] = parent;
    this.#units[node] = unit;
    this.#putInSlot(node);
    return node;
  }

  #putInSlot(node: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#parents[node], this.#units[node]) & mask;
    while (this.#slots[slot] !== 0) slot = slot + 1 & mask;
    this.#slots[slot] = node;
  }

  /** Doubles the arrays. */
  #grow(): void {
    const size = 2 * this.#size;
    const [parents, units, ids] = [this.#parents, this.#units, this.#ids];
    this.#parents = new Int32Array(size);
    this.#parents.set(parents);
    this.#units = new Uint16Array(size);
    this.#units.set(units);
    this.#ids = new Int32Array(size);
    this.#ids.set(ids);
    this.#slots = new Int32Array(2 * size);
    for (let node = INSIDE + 1; node < this.#size; node++) this.#putInSlot(node);
  }
}

/** Mixes a node and a unit into a hash of 32 bits, of which the low ones choose the slot. */
function hashOf(node: number, unit: number): number {
  const hash = Math.imul(node ^ Math.imul(unit, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
