import type { FunctionNode } from '../syntax/ast.ts';
import { type ChunkEmitter, Emitter } from './emitter.ts';
import { emitBlock } from './statement.ts';

/**
 * Makes the generator of a Lua function, and gives its number.
 *
 * `$` is the closure, `d` its depth, `ps` the positions of its thread, `va` the variable arguments, `r` and `g` are scratch. Every way
 * out that isn't an exception sets the depth back; `pcall` does it for exceptions.
 */
export function emitFunction(chunk: ChunkEmitter, node: FunctionNode): number {
  const e = new Emitter(chunk, node);
  const index = chunk.functions.push('') - 1;
  const { scope } = node;
  chunk.protos[index] = {
    chunk: chunk.chunk,
    line: node.line,
    lastLine: node.lastLine,
    upvalues: scope.upvalues.map((upvalue) => upvalue.name),
    params: node.params.length,
    vararg: node.vararg,
  };
  const params = node.params.map((param) => e.local(param));
  const list = node.vararg ? [...params, '...va'] : params;
  let setup = '';
  for (const param of node.params) {
    if (param.boxed) setup += `${e.local(param)}=new BX(${e.local(param)});`;
  }
  if (node.arg !== undefined) {
    const name = e.local(node.arg);
    setup += `${name}=${node.arg.boxed ? 'new BX(argt(va))' : 'argt(va)'};`;
  }
  const body = emitBlock(e, node.body);
  const upvalues = scope.upvalues.map((_, i) => `u${i}=$.ups[${i}]`);
  const vars = e.vars.filter((name) => !params.includes(name));
  chunk.crowding += vars.length ** 2;
  chunk.functions[index] =
    `function*F${index}(${['$', ...list].join()}){const rt=$.rt,d=++rt.depth;` +
    `if(d>rt.limit)return yield*overflow(rt,$,[${list.join()}]);if(--rt.fuel<0)rt.tick();` +
    `rt.fns[d]=$;const ${['ps=rt.pos', ...upvalues].join()};let ${['r', 'g', ...vars].join()};` +
    `${setup}${body}rt.depth=d-1;return NONE}`;
  return index;
}
