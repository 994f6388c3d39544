-- PUT a value under a random key:  put.lua -- <path up to the key> <file of keys> <seed>
-- All requests are built before the first is sent, so that wrk's core spends its time on sending.

dofile("result.lua")

local requests = {}

function init(arguments)
  local prefix, keys = arguments[1], lines_of(arguments[2])
  math.randomseed(tonumber(arguments[3]))
  local headers = { ["Content-Type"] = "application/json" }
  for number, key in ipairs(keys) do
    local body = string.format('{"value":{"theme":"dark","size":%d,"tags":["a","b"]}}', number)
    requests[number] = wrk.format("PUT", prefix .. key, headers, body)
  end
end

function request()
  return requests[math.random(#requests)]
end
