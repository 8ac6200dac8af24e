-- Runs the chunks that come on stdin, each as "<bytes> <count limit>\n<chunk>", each with its own copy of everything
-- global, and answers "<status> <bytes of output> <bytes of error>\n<output><error>".
local read, write, flush = io.read, io.write, io.flush
local concat, insert = table.concat, table.insert
local select, type, tostring, error, pairs, pcall = select, type, tostring, error, pairs, pcall
local loadstring, setfenv, setmetatable, getmetatable = loadstring, setfenv, setmetatable, getmetatable
local sethook, collectgarbage = debug.sethook, collectgarbage
local string_meta = getmetatable("")
local globals = getfenv(0)
local originals = {}
for name, value in pairs(globals) do originals[name] = value end
local loaded = {}
for name, value in pairs(package.loaded) do loaded[name] = value end

local function copy(t)
  local c = {}
  for k, v in pairs(t) do c[k] = v end
  return c
end

local function fresh(out)
  local env = copy(originals)
  for _, name in pairs({ "string", "table", "math", "os", "io", "coroutine", "debug", "package" }) do
    env[name] = copy(originals[name])
  end
  env._G = env
  env.arg = nil
  env.print = function(...)
    for i = 1, select("#", ...) do
      local text = env.tostring((select(i, ...)))
      if type(text) ~= "string" then error("'tostring' must return a string to 'print'") end
      if i > 1 then insert(out, "\t") end
      insert(out, text)
    end
    insert(out, "\n")
  end
  env.io.write = function(...)
    for i = 1, select("#", ...) do insert(out, tostring((select(i, ...)))) end
  end
  return env
end

while true do
  local size, limit = read("*n", "*n")
  if not size then break end
  read(1)
  local source = size > 0 and read(size) or ""
  local out = {}
  local env = fresh(out)
  string_meta.__index = env.string
  setfenv(0, env)
  local status, err = "ok", nil
  local chunk, refusal = loadstring(source, "=snippet")
  if not chunk then
    status, err = "refused", refusal
  else
    if limit > 0 then sethook(function() error("too many instructions", 0) end, "", limit) end
    local ok, problem = pcall(setfenv(chunk, env))
    sethook()
    if not ok then
      status = "error"
      err = type(problem) == "string" and problem or "(a " .. type(problem) .. " value) "
      if type(problem) ~= "string" and type(problem) ~= "table" and type(problem) ~= "function" and type(problem) ~= "userdata" and type(problem) ~= "thread" then err = err .. tostring(problem) end
    end
  end
  setfenv(0, globals)
  for name in pairs(package.loaded) do package.loaded[name] = loaded[name] end
  local output = concat(out)
  err = err or ""
  write(status, " ", #output, " ", #err, "\n", output, err)
  flush()
end
