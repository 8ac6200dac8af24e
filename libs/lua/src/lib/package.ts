import { checkString, checkTable } from '../arguments.ts';
import { calling, plain } from '../builtin.ts';
import { LuaSyntaxError } from '../errors.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { LuaTable, shapeOf } from '../table.ts';
import { Userdata } from '../userdata.ts';
import { type LuaValue, NONE } from '../value.ts';
import { loadPath } from './load.ts';

/** In `package.loaded` while a module is being loaded. */
const LOADING = new Userdata('loading');

const PACKAGE = shapeOf(['loaded', 'preload', 'loaders', 'path', 'cpath', 'config', 'seeall']);
const LIBRARIES = ['string', 'table', 'math', 'os', 'io', 'coroutine', 'debug', '_G'];
const LOADED = shapeOf([...LIBRARIES, 'package']);

/** `package` of an environment whose libraries are all in `globals`. */
export function createPackage(globals: LuaTable, path: string): LuaTable {
  const loaded = LuaTable.shaped(
    LOADED,
    LIBRARIES.map((name) => globals.get(name)),
  );
  const table = LuaTable.shaped(PACKAGE, [
    loaded,
    new LuaTable(),
    LuaTable.list([fromPreload, fromPath]),
    path,
    '',
    '/\n;\n?\n!\n-',
    seeall,
  ]);
  loaded.vals.push(table);
  globals.put('package', table);
  return table;
}

function packageField(rt: Runtime, name: string): LuaTable {
  const table = rt.package?.get(name);
  if (!(table instanceof LuaTable)) throw rt.error(`'package.${name}' must be a table`);
  return table;
}

const fromPreload = plain('loader', (rt, value) => {
  const name = checkString(rt, value, 1);
  const loader = packageField(rt, 'preload').get(name);
  return loader ?? `\n\tno field package.preload['${name}']`;
});

const fromPath = calling('loader', function* (rt, value): Running {
  const name = checkString(rt, value, 1);
  const path = rt.package?.get('path');
  if (typeof path !== 'string') throw rt.error("'package.path' must be a string");
  let tried = '';
  for (const template of path.split(';')) {
    if (template === '') continue;
    const file = template.replaceAll('?', name.replaceAll('.', '/'));
    try {
      const found = yield* loadPath(rt, file);
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof LuaSyntaxError)) throw error;
      throw rt.error(`error loading module '${name}' from file '${file}':\n\t${error.message}`);
    }
    tried += `\n\tno file '${file}'`;
  }
  return tried;
});

export const require = calling('require', function* (rt, value): Running {
  const name = checkString(rt, value, 1);
  const loaded = packageField(rt, 'loaded');
  const known = loaded.get(name);
  if (known === LOADING) {
    throw rt.error(`loop or previous error loading module '${name}'`);
  }
  if (known !== undefined && known !== false) return known;
  const loader = yield* findLoader(rt, name);
  loaded.put(name, LOADING);
  const result = yield* rt.call1(loader, [name]);
  if (result !== undefined) loaded.put(name, result);
  else if (loaded.get(name) === LOADING) loaded.put(name, true);
  return loaded.get(name);
});

function* findLoader(rt: Runtime, name: string): Running<LuaValue> {
  const loaders = packageField(rt, 'loaders');
  let tried = '';
  for (let i = 1; ; i += 1) {
    const search = loaders.get(i);
    if (search === undefined) throw rt.error(`module '${name}' not found:${tried}`);
    const found = yield* rt.call1(search, [name]);
    if (found instanceof LuaFunction || found instanceof Builtin) return found;
    if (typeof found === 'string') tried += found;
  }
}

const seeall = plain('seeall', (rt, value) => {
  const table = checkTable(rt, value, 1);
  table.mt ??= new LuaTable();
  table.mt.put('__index', rt.globals);
  return NONE;
});

export const module = calling('module', function* (rt, value, ...options): Running {
  const name = checkString(rt, value, 1);
  const loaded = packageField(rt, 'loaded');
  let table = loaded.get(name);
  if (!(table instanceof LuaTable)) {
    table = subtable(rt, rt.globals, name);
    if (table === undefined) throw rt.error(`name conflict for module '${name}'`);
    loaded.put(name, table);
  }
  if (!(table instanceof LuaTable)) throw rt.error(`name conflict for module '${name}'`);
  if (table.get('_NAME') === undefined) {
    table.put('_M', table);
    table.put('_NAME', name);
    table.put('_PACKAGE', name.slice(0, name.lastIndexOf('.') + 1));
  }
  const caller = rt.fns[rt.callerDepth()];
  if (!(caller instanceof LuaFunction)) throw rt.error("'module' not called from a Lua function");
  caller.env = table;
  for (const option of options) yield* rt.call(option, [table]);
  return NONE;
});

/** What making a table in a table costs beside a step of a script. */
const STEPS_PER_PART = 10;

/** The table at a dotted name, made where there is nothing; undefined where something else is in the way. */
function subtable(rt: Runtime, root: LuaTable, name: string): LuaTable | undefined {
  let table = root;
  for (let at = 0; at <= name.length; ) {
    rt.spend(STEPS_PER_PART);
    const dot = name.indexOf('.', at);
    const end = dot < 0 ? name.length : dot;
    const part = name.slice(at, end);
    at = end + 1;
    const next = table.get(part) ?? new LuaTable();
    if (!(next instanceof LuaTable)) return undefined;
    table.put(part, next);
    table = next;
  }
  return table;
}
