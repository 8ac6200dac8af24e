-- Runs chunks from stdin and reports on stdout, so that one lua5.1 serves many tests. The first line is a marker that
-- no chunk prints. Then, for each chunk, "<bytes> <instructions>\n<chunk>" is answered by what the chunk itself prints and
-- "<marker> <status> <bytes of error>\n<error>". Chunks run with the genuine globals, put back to what they were after each.
local read, write, flush = io.read, io.write, io.flush
local type, tostring, error, pairs, next, pcall = type, tostring, error, pairs, next, pcall
local loadstring, setfenv, setmetatable, getmetatable = loadstring, setfenv, setmetatable, getmetatable
local rawset, rawget, sethook, setmeta = rawset, rawget, debug.sethook, debug.setmetatable
local collectgarbage = collectgarbage
local globals = getfenv(0)
globals.arg = nil

-- Everything that a chunk can change and another would see.
local kept = {}
local function keep(t)
  if kept[t] then return end
  local copy = {}
  for k, v in pairs(t) do copy[k] = v end
  kept[t] = copy
  for _, v in pairs(copy) do
    if type(v) == "table" then keep(v) end
  end
end
keep(globals)
keep(getmetatable(""))

local function restore()
  setfenv(0, globals)
  for _, v in pairs({ 1, true, print }) do setmeta(v, nil) end
  for t, copy in next, kept do
    setmeta(t, nil)
    for k in next, t do
      if copy[k] == nil then rawset(t, k, nil) end
    end
    for k, v in next, copy do rawset(t, k, v) end
  end
end

local marker = read("*l")
while true do
  local size, limit = read("*n", "*n")
  if not size then break end
  read(1)
  local source = size > 0 and read(size) or ""
  local status, err = "ok", ""
  local chunk, refusal = loadstring(source, "=snippet")
  if not chunk then
    status, err = "refused", refusal
  else
    local function stop()
      -- Whoever catches it comes here again at once.
      sethook(stop, "", 100)
      error("too many instructions", 0)
    end
    sethook(stop, "", limit)
    local ok, problem = pcall(chunk)
    sethook()
    if not ok then
      status = "error"
      if type(problem) == "string" then
        err = problem
      else
        err = "(a " .. type(problem) .. " value) "
        if type(problem) == "number" or type(problem) == "boolean" or problem == nil then
          err = err .. tostring(problem)
        end
      end
    end
  end
  restore()
  write(marker, " ", status, " ", #err, "\n", err)
  flush()
end
