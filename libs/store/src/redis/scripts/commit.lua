-- Applies a commit whole or not at all. KEYS and ARGV are read front to back; ../commit.ts writes them in this order:
--   [id]       its key                    | '1' or '0', version of what is put
--   checks     entry or lease             | count; each: 'e' expected version, or 'l' token
--   counters   key                        | count; each: what to add, time to live or ''
--   indexes    order, expiry              | count; each: 'a' member score time-to-live-or-'', or 'r' member
--   puts       key                        | count; each: bytes, time to live or ''
--   deletes    key                        | count
--   outbox     list, mark, [registry]     | count; with any: 'l' registry is here or 'r' elsewhere, partition, proof, nonce; bytes each
--
-- Redis doesn't undo what a failed script has done, so everything that can fail (reads of the wrong type among them)
-- comes before the first write.
--
-- The registry names every partition with messages, but in a cluster it may live on another node. The partition's
-- mark says what is known of it: 'k' = it is named there. Anything else means that the writer must name it there
-- first, and prove that no reader has taken the name away meanwhile: readers put a new nonce into the mark before
-- they do ('u:' nonce), so the nonce that the writer saw before it named the partition must still be there.
local k, a = 0, 0
local function key() k = k + 1 return KEYS[k] end
local function arg() a = a + 1 return ARGV[a] end
local function damaged(what) return redis.error_reply('SPDAMAGED ' .. what) end

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

local id = arg() == '1' and key()
local version = arg()
if id then
  local answer = redis.call('GET', id)
  if answer then
    if string.sub(answer, 1, 3) ~= 'SI\1' then return damaged(id) end
    -- Also a write, so that a WAIT behind it has something of this connection's to wait for.
    redis.call('PEXPIRE', id, 600000)
    return {3, answer}
  end
end

local checks = tonumber(arg())
for i = 1, checks do
  local kind, at, expected = arg(), key(), arg()
  if kind == 'e' then
    local head = redis.call('GETRANGE', at, 0, 20)
    local found = ''
    if head == '' then
      if redis.call('EXISTS', at) == 1 then return damaged(at) end
    elseif #head < 21 or string.sub(head, 1, 2) ~= 'SP' then
      return damaged(at)
    elseif string.sub(head, 3, 3) ~= '\1' then
      return redis.error_reply('SPFORMAT ' .. at)
    else
      found = string.sub(head, 6, 21)
    end
    if found ~= expected then return {1, i - 1} end
  else
    local held = redis.call('GET', at)
    if not held or string.match(held, '^(%d+):') ~= expected then return {1, i - 1} end
  end
end

local counters = {}
for i = 1, tonumber(arg()) do
  local at, add, ttl = key(), tonumber(arg()), arg()
  local old = redis.call('GET', at) or '0'
  if #old > 17 or not string.match(old, '^%-?%d+$') then return damaged(at) end
  if math.abs(tonumber(old)) > 9007199254740991 then return damaged(at) end
  local new = tonumber(old) + add
  if new > 9007199254740991 or new < -9007199254740991 then
    return redis.error_reply('SPCOUNTER ' .. (i - 1))
  end
  counters[i] = {at, new, ttl}
end

local indexes = {}
for i = 1, tonumber(arg()) do
  local change = {order = key(), expiry = key(), adds = arg() == 'a', member = arg()}
  if change.adds then
    change.score = arg()
    change.ttl = arg()
  end
  redis.call('ZCARD', change.order)
  redis.call('ZCARD', change.expiry)
  indexes[i] = change
end

local puts = {}
for i = 1, tonumber(arg()) do puts[i] = {key(), arg(), arg()} end
local deletes = {}
for i = 1, tonumber(arg()) do deletes[i] = key() end

local messages = tonumber(arg())
if messages > 0 then
  local here = arg() == 'l'
  local partition, proof, nonce = arg(), arg(), arg()
  local list, mark = key(), key()
  redis.call('LLEN', list)
  local state = redis.call('GET', mark)
  if state ~= 'k' then
    if here then
      local registry = key()
      redis.call('ZADD', registry, string.format('%.0f', 2 * math.floor((t[1] * 1000000 + t[2]) / 2)), partition)
    elseif proof == '' or state ~= 'u:' .. proof then
      if state and string.sub(state, 1, 2) == 'u:' then return {2, string.sub(state, 3)} end
      redis.call('SET', mark, 'u:' .. nonce, 'PX', 3600000)
      return {2, nonce}
    end
    -- Runs out, so that a registry that lost what it had acknowledged hears of the partition again.
    redis.call('SET', mark, 'k', 'PX', 600000)
  end
  for _ = 1, messages do redis.call('RPUSH', list, arg()) end
end

for _, put in ipairs(puts) do
  if put[3] == '' then redis.call('SET', put[1], put[2])
  else redis.call('SET', put[1], put[2], 'PX', put[3]) end
end
for _, at in ipairs(deletes) do redis.call('UNLINK', at) end

local values = {}
for i, counter in ipairs(counters) do
  values[i] = string.format('%.0f', counter[2])
  if counter[3] == '' then redis.call('SET', counter[1], values[i], 'KEEPTTL')
  else redis.call('SET', counter[1], values[i], 'PX', counter[3]) end
end

for _, change in ipairs(indexes) do
  local order, expiry, member = change.order, change.expiry, change.member
  if change.adds then
    redis.call('ZADD', order, change.score, member)
    if change.ttl == '' then redis.call('ZREM', expiry, member)
    else redis.call('ZADD', expiry, string.format('%.0f', now + change.ttl), member) end
  else
    redis.call('ZREM', order, member)
    redis.call('ZREM', expiry, member)
  end
end
for _, change in ipairs(indexes) do
  -- Each change takes a few dead members away, so there are never many more dead than were added of late.
  local order, expiry = change.order, change.expiry
  for _, dead in ipairs(redis.call('ZRANGE', expiry, '-inf', now, 'BYSCORE', 'LIMIT', 0, 8)) do
    redis.call('ZREM', order, dead)
    redis.call('ZREM', expiry, dead)
  end
  -- An index all of whose members end, ends with the last of them.
  local ending = redis.call('ZCARD', expiry)
  if ending > 0 and ending == redis.call('ZCARD', order) then
    local last = redis.call('ZRANGE', expiry, -1, -1, 'WITHSCORES')[2]
    redis.call('PEXPIREAT', order, last)
    redis.call('PEXPIREAT', expiry, last)
  else
    redis.call('PERSIST', order)
    redis.call('PERSIST', expiry)
  end
end

if id then
  redis.call('SET', id, 'SI\1' .. version .. table.concat(values, ','), 'PX', 600000)
end
return {0, unpack(values)}
