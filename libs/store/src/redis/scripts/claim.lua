-- Claims the oldest messages of a partition. KEYS: list, mark, claim. ARGV: name of the claim, how many, its length
-- in milliseconds, a nonce. Answers the messages; when another reader has it, in how many milliseconds that may end (1
-- or more); 0 when there are none: then the mark says so, and whoever wants to commit messages names the partition in
-- the registry first.
local holder = redis.call('GET', KEYS[3])
if holder and holder ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[3]) + 1) end
local messages = redis.call('LRANGE', KEYS[1], 0, ARGV[2] - 1)
if #messages == 0 then
  redis.call('SET', KEYS[2], 'u:' .. ARGV[4], 'PX', 3600000)
  return 0
end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[3])
return messages
