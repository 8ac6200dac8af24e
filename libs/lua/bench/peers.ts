import type { Kernel } from './kernels.ts';

/** Another engine in this process, ready to run one program. */
interface Peer {
  /** Calls the global function `name`, which returns a number. */
  call(name: string): number;
  close(): void;
}

/** How to make a peer that has run `source` with the host functions `host_a`, `host_b` and `host_c`. */
export interface PeerKind {
  readonly name: string;
  open(source: string): Promise<Peer>;
}

/** What a host function of the benchmark gives back. */
export const hostAnswer = (n: number): number => n + 1;

/** wasmoon, if it is installed: Lua 5.4 as WebAssembly, by its own interface. */
export async function wasmoon(): Promise<PeerKind | undefined> {
  const module = await optional<WasmoonModule>('wasmoon');
  if (module === undefined) return undefined;
  const factory = new module.LuaFactory();
  return {
    name: 'wasmoon',
    open: async (source) => {
      const engine = await factory.createEngine();
      for (const name of HOST_NAMES) engine.global.set(name, hostAnswer);
      engine.doStringSync(source);
      const functions = new Map<string, () => number>();
      return {
        call: (name) => {
          let f = functions.get(name);
          if (f === undefined) {
            f = engine.global.get(name) as () => number;
            functions.set(name, f);
          }
          return f();
        },
        close: () => engine.global.close(),
      };
    },
  };
}

/** fengari, if it is installed: Lua 5.3's own C code carried over to JavaScript. */
export async function fengari(): Promise<PeerKind | undefined> {
  const module = await optional<FengariModule>('fengari');
  if (module === undefined) return undefined;
  const { lua, lauxlib, lualib, to_luastring } = module;
  return {
    name: 'fengari',
    open: async (source) => {
      const state = lauxlib.luaL_newstate();
      lualib.luaL_openlibs(state);
      for (const name of HOST_NAMES) {
        lua.lua_pushcfunction(state, (L) => {
          lua.lua_pushnumber(L, hostAnswer(lua.lua_tonumber(L, 1)));
          return 1;
        });
        lua.lua_setglobal(state, to_luastring(name));
      }
      if (lauxlib.luaL_dostring(state, to_luastring(source))) {
        throw new Error(`fengari refused the kernel: ${lua.lua_tojsstring(state, -1)}`);
      }
      return {
        call: (name) => {
          lua.lua_getglobal(state, to_luastring(name));
          if (lua.lua_pcall(state, 0, 1, 0) !== 0) {
            throw new Error(`fengari failed: ${lua.lua_tojsstring(state, -1)}`);
          }
          const value = lua.lua_tonumber(state, -1);
          lua.lua_settop(state, 0);
          return value;
        },
        close: () => lua.lua_close(state),
      };
    },
  };
}

/** The kernel's source with what later Lua versions took away. */
export function forLater(kernel: Kernel): string {
  return `unpack = unpack or table.unpack ${kernel.source}`;
}

export const HOST_NAMES = ['host_a', 'host_b', 'host_c'];

async function optional<T>(name: string): Promise<T | undefined> {
  try {
    const module = await import(name);
    return (module.default ?? module) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

interface WasmoonModule {
  readonly LuaFactory: new () => {
    createEngine(): Promise<{
      readonly global: {
        get(name: string): unknown;
        set(name: string, value: unknown): void;
        close(): void;
      };
      doStringSync(source: string): unknown;
    }>;
  };
}

type State = object;

interface FengariModule {
  readonly to_luastring: (text: string) => Uint8Array;
  readonly lauxlib: {
    luaL_newstate(): State;
    luaL_dostring(L: State, source: Uint8Array): boolean;
  };
  readonly lualib: { luaL_openlibs(L: State): void };
  readonly lua: {
    lua_pushcfunction(L: State, f: (L: State) => number): void;
    lua_pushnumber(L: State, n: number): void;
    lua_tonumber(L: State, i: number): number;
    lua_tojsstring(L: State, i: number): string;
    lua_setglobal(L: State, name: Uint8Array): void;
    lua_getglobal(L: State, name: Uint8Array): void;
    lua_pcall(L: State, args: number, results: number, handler: number): number;
    lua_settop(L: State, i: number): void;
    lua_close(L: State): void;
  };
}
