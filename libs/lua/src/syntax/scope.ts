/** A local variable. Which are captured and assigned to decides how the generated code holds them. */
export class Local {
  readonly name: string;
  readonly id: number;
  readonly fn: FunctionScope;
  captured = false;
  /** Assigned to after its declaration. */
  assigned = false;
  /** Known to hold a number always; found while code is made for its declaration. */
  numeric = false;

  constructor(name: string, id: number, fn: FunctionScope) {
    this.name = name;
    this.id = id;
    this.fn = fn;
  }

  /** Closures share it through a box, because it may change after they were made. */
  get boxed(): boolean {
    return this.captured && this.assigned;
  }
}

/** An upvalue of a function: a local of the function around it, or an upvalue of that one. */
export interface Upvalue {
  readonly name: string;
  readonly local: Local;
  /** Index among the upvalues of the function around; -1 when it is that function's own local. */
  readonly outer: number;
}

export type Resolved =
  | { kind: 'local'; local: Local }
  | { kind: 'upvalue'; index: number; local: Local }
  | { kind: 'global' };

interface BlockScope {
  readonly names: Local[];
  readonly loop: boolean;
  readonly labels: Set<string>;
  readonly gotos: { label: string; fail: () => Error }[];
}

/** What a function declares and captures, while it is being parsed. */
export class FunctionScope {
  readonly parent: FunctionScope | undefined;
  readonly vararg: boolean;
  readonly line: number;
  readonly upvalues: Upvalue[] = [];
  /** `...` was used, so that `arg` isn't made. */
  usesVararg = false;
  active = 0;
  readonly #blocks: BlockScope[] = [];
  #declared = 0;

  constructor(parent: FunctionScope | undefined, vararg: boolean, line: number) {
    this.parent = parent;
    this.vararg = vararg;
    this.line = line;
  }

  open(loop: boolean): void {
    this.#blocks.push({ names: [], loop, labels: new Set(), gotos: [] });
  }

  /** Ends a block; gotos to labels not found in it look further out. */
  close(): void {
    const block = this.#blocks.pop() as BlockScope;
    this.active -= block.names.length;
    const outer = this.#blocks.at(-1);
    for (const jump of block.gotos) {
      if (block.labels.has(jump.label)) continue;
      if (outer === undefined) throw jump.fail();
      outer.gotos.push(jump);
    }
  }

  get inLoop(): boolean {
    return this.#blocks.some((block) => block.loop);
  }

  declare(name: string): Local {
    this.#declared += 1;
    const local = new Local(name, this.#declared, this);
    this.#blocks.at(-1)?.names.push(local);
    this.active += 1;
    return local;
  }

  /** False when the label is already there. */
  label(name: string): boolean {
    if (this.#blocks.some((block) => block.labels.has(name))) return false;
    this.#blocks.at(-1)?.labels.add(name);
    return true;
  }

  jump(label: string, fail: () => Error): void {
    this.#blocks.at(-1)?.gotos.push({ label, fail });
  }

  #find(name: string): Local | undefined {
    for (let i = this.#blocks.length - 1; i >= 0; i -= 1) {
      const names = (this.#blocks[i] as BlockScope).names;
      for (let j = names.length - 1; j >= 0; j -= 1) {
        if (names[j]?.name === name) return names[j];
      }
    }
    return undefined;
  }

  resolve(name: string): Resolved {
    const local = this.#find(name);
    if (local !== undefined) return { kind: 'local', local };
    const known = this.upvalues.findIndex((upvalue) => upvalue.name === name);
    if (known >= 0) {
      return { kind: 'upvalue', index: known, local: (this.upvalues[known] as Upvalue).local };
    }
    const outer = this.parent?.resolve(name);
    if (outer === undefined || outer.kind === 'global') return { kind: 'global' };
    outer.local.captured = true;
    this.upvalues.push({
      name,
      local: outer.local,
      outer: outer.kind === 'local' ? -1 : outer.index,
    });
    return { kind: 'upvalue', index: this.upvalues.length - 1, local: outer.local };
  }
}
