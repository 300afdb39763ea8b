"""The commit as the server runs it: one script that checks the owner, then writes all or nothing; and the takeover."""

from __future__ import annotations

import hashlib

# allow-oom: a full server must let the engine go on, for only its progress lets streams be trimmed.
# A repeated commit (its answer was lost) finds its own number and does nothing. `unpack` takes at most 8,000 values.
SCRIPT = """#!lua flags=allow-oom
local owner = redis.call('GET', KEYS[1])
if owner ~= ARGV[1] then return {'FENCED', owner or ''} end
local have = redis.call('HGET', KEYS[2], '#seq') or ''
if have == ARGV[2] then return {'DONE'} end
if ARGV[3] ~= '' and have ~= ARGV[3] then return {'CHANGED', have} end
if ARGV[4] ~= '' and (redis.call('HGET', KEYS[3], '#seq') or '') ~= ARGV[4] then return {'CHANGED', have} end
if ARGV[3] == '' then redis.call('DEL', KEYS[2]) end
if ARGV[4] == '' then redis.call('DEL', KEYS[3]) end
local at = 22
-- Outputs of commits that are no longer stored (the newer generation was damaged) are taken back before anything new:
-- in each stream what comes behind the newest entry as the kept commit left it, also in the same millisecond.
local told = {4, 5, 8, 10, 11}
local kept = ARGV[20] ~= '' and redis.call('HGET', KEYS[13], ARGV[20])
if kept and string.find(kept, '-', 1, true) then  -- without: as an earlier program left it, milliseconds only
  local last = string.gmatch(kept, '%S+')
  for _, place in ipairs(told) do
    for _, entry in ipairs(redis.call('XRANGE', KEYS[place], '(' .. last(), '+')) do
      redis.call('XDEL', KEYS[place], entry[1])
    end
  end
end
local function many(command, key, count)
  local last = at + tonumber(count) - 1
  while at <= last do
    local stop = math.min(at + 3999, last)
    redis.call(command, key, unpack(ARGV, at, stop))
    at = stop + 1
  end
end
local function append(key, count, oldest)
  count = tonumber(count)
  if count == 0 then return end
  redis.call('XADD', key, '*', unpack(ARGV, at, at + count - 1))
  at = at + count
  redis.call('XTRIM', key, 'MINID', '~', oldest)
end
many('HDEL', KEYS[2], ARGV[9])
many('HSET', KEYS[2], ARGV[10])
many('HDEL', KEYS[6], ARGV[21])
many('HSET', KEYS[6], ARGV[11])
many('HSET', KEYS[7], ARGV[12])
many('HSET', KEYS[12], ARGV[19])
append(KEYS[4], ARGV[13], ARGV[6])
append(KEYS[5], ARGV[14], ARGV[7])
for _ = 1, tonumber(ARGV[15]) do
  redis.call('XADD', KEYS[8], 'MAXLEN', '~', ARGV[8], '*',
    'source', ARGV[at], 'shard', ARGV[at + 1], 'entry', ARGV[at + 2], 'row', ARGV[at + 3],
    'field', ARGV[at + 4], 'rule', ARGV[at + 5], 'value', ARGV[at + 6])
  at = at + 7
end
for _ = 1, tonumber(ARGV[16]) do
  redis.call('XADD', KEYS[10], 'MAXLEN', '~', ARGV[17], '*',
    'v', '1', 'id', ARGV[at], 'fingerprint', ARGV[at + 1], 'e', ARGV[at + 2])
  at = at + 3
end
append(KEYS[11], ARGV[18], ARGV[7])
local ids = {}
for index, place in ipairs(told) do
  local newest = redis.call('XREVRANGE', KEYS[place], '+', '-', 'COUNT', 1)
  ids[index] = newest[1] and newest[1][1] or '0-0'
end
redis.call('HSET', KEYS[13], ARGV[2], table.concat(ids, ' '))
redis.call('HDEL', KEYS[13], string.format('%.0f', tonumber(ARGV[2]) - 4))
redis.call('SET', KEYS[9], ARGV[1], 'PX', ARGV[5])
return {'DONE'}
"""
DIGEST = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()  # how the server names a script

TAKE_OVER = """#!lua flags=allow-oom
local epoch = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], epoch, 'PX', ARGV[1])
return epoch
"""
