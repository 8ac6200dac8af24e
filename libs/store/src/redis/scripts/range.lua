-- Live members of an index. KEYS: order, expiry. ARGV: min, max, '1' if there is a place to go on from, its score,
-- its member, limit, '1' for descending. Reads only (EVALSHA_RO): who may not write the space may still ask.
local order, expiry = KEYS[1], KEYS[2]
local min, max, resumed, from, member = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5]
local limit, reverse = tonumber(ARGV[6]), ARGV[7] == '1'

-- Lua's own comparison goes by the server's locale, the order of a sorted set by bytes.
local function after(x, y)
  for i = 1, math.min(#x, #y) do
    local p, q = string.byte(x, i), string.byte(y, i)
    if p ~= q then return p > q end
  end
  return #x > #y
end

-- How many members are before (from, member), and whether it is there itself.
local function place()
  local rank = redis.call('ZRANK', order, member)
  if rank and tonumber(redis.call('ZSCORE', order, member)) == tonumber(from) then return rank, 1 end
  local low = redis.call('ZCOUNT', order, '-inf', '(' .. from)
  local high = redis.call('ZCOUNT', order, '-inf', from)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if after(redis.call('ZRANGE', order, middle, middle)[1], member) then high = middle
    else low = middle + 1 end
  end
  return low, 0
end

-- Ranks from `first` up to before `behind`.
local first = min == '-inf' and 0 or redis.call('ZCOUNT', order, '-inf', '(' .. min)
local behind = redis.call('ZCOUNT', order, '-inf', max)
if resumed then
  local before, itself = place()
  if reverse then behind = math.min(behind, before)
  else first = math.max(first, before + itself) end
end

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ends = redis.call('ZCARD', expiry) > 0
local found = {}
while first < behind and #found < 2 * limit do
  local size = math.min(behind - first, limit - #found / 2, 1000)
  local low = reverse and behind - size or first
  local page = redis.call('ZRANGE', order, low, low + size - 1, 'WITHSCORES')
  local when = {}
  if ends then
    local names = {}
    for i = 1, size do names[i] = page[2 * i - 1] end
    when = redis.call('ZMSCORE', expiry, unpack(names))
  end
  for n = 1, size do
    local i = reverse and size + 1 - n or n
    if not when[i] or tonumber(when[i]) > now then
      found[#found + 1] = page[2 * i - 1]
      found[#found + 1] = page[2 * i]
    end
  end
  if reverse then behind = low else first = first + size end
end
return found
