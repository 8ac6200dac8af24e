import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { section } from './section.ts';

const lua = String.raw;
const directory = mkdtempSync(join(tmpdir(), 'lua-io-'));
const [file, none] = [join(directory, 'file'), join(directory, 'none')];
test.after.always(() => rm(directory, { recursive: true }));

section(
  '§5.7 Input and output: open, write, read in every format, lines, seek and close',
  lua`
    local f = assert(io.open("${file}", "w")) print(io.type(f), f:write("one\n", 2, "\n3.5 4 0x10 x\n\nlast") == true or io.type(f)) print(f:close(), io.type(f))
    for line in io.lines("${file}") do io.write("[", line, "]") end print()
    local f = io.open("${file}") print(f:read()) print(f:read("*n")) print(f:read("*n", "*n")) print(f:read("*n")) print(f:read("*l")) print(f:read("*a")) print(f:read("*a")) print(f:read("*l")) f:close()
    local f = io.open("${file}") print(f:read(0), f:read(2), f:read(100), f:read(0), f:read(1)) f:close()
    local f = io.open("${file}") print(f:seek(), f:seek("set", 2), f:read(1), f:seek("cur", 1), f:read(1), f:seek("end"), f:read(1)) f:close()
    local f = io.open("${file}") print(pcall(f.seek, f, "nowhere")) print(f:seek("set", -1)) f:close()
    local f = io.open("${file}", "a") f:write("+") f:close() print(#io.open("${file}"):read("*a"))
    local f = io.open("${file}", "r+") f:write("ONE") f:seek("set") print(f:read()) f:close()
    local f = io.open("${file}", "w+b") f:write("a\0b\200\n") f:seek("set") print(#f:read("*a"), f:read("*l")) f:close()
    local f = io.open("${file}", "w") f:write("first\nsecond\n\n 0x1p4 -.5e+1, 12abc nan inf 1e+ 7") f:close()
    local f = io.open("${file}") f:read() f:read() print(f:read("*n", "*n", "*n")) print(f:read("*l")) f:close()
    local f = io.open("${file}", "w") print(f:read(1)) print(f:read("*a")) print(f:read("*l")) f:write("first\nsecond\n") f:close()
    print(pcall(function() for l in io.lines("${directory}") do end end)) print(io.open("${directory}"):read(1))
    = io.open("${directory}", "w")
    = io.open("${none}")
    = pcall(io.lines, "${none}")
    = pcall(io.open, "${file}", "x") ~= nil
    = io.type(io.stdout), io.type(5), io.type({}), pcall(io.type)
    local f = io.open("${file}") f:close() print(pcall(f.read, f)) print(pcall(f.close, f)) print(tostring(f))
    local f = io.open("${file}") print(pcall(f.read, f, "*x")) print(pcall(f.read, f, "n")) f:close()
    print(pcall(io.open("${file}").read)) print(pcall(io.open("${file}").read, 5))
    local n = 0 for a in io.open("${file}"):lines() do n = n + #a end print(n)
    local f = io.lines("${file}") f() print(f()) print(pcall(f))
    local old = io.output() io.output("${file}") io.write("through io.write ", 1, "\n") io.close() io.output(old) print(io.open("${file}"):read())
    local old = io.input() io.input("${file}") print(io.read("*l")) print(io.read("*l")) io.close(io.input()) io.input(old)
    local old = io.input() io.input("${file}") for l in io.lines() do print(l) end io.close(io.input()) io.input(old)
    local f = io.open("${file}", "w") print(f:setvbuf("full", 1024), f:setvbuf("no"), f:flush() == true or io.type(f)) f:close() print(pcall(f.setvbuf, f, "no"))
    local f = io.open("${file}") print(f:write("x")) f:close()
    = io.write("a", 1, 2.5, "\n") == io.stdout
    = pcall(io.write, {})
    = pcall(io.write, nil)
    = tostring(io.stdout):match("^file %(") ~= nil
    `,
  { files: true },
);
