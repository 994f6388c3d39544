-- GET a random one of the transactions that were made before:  get.lua -- <path up to the id> <file of ids> <seed>

dofile("result.lua")

local requests = {}

function init(arguments)
  local prefix, ids = arguments[1], lines_of(arguments[2])
  math.randomseed(tonumber(arguments[3]))
  for number, id in ipairs(ids) do
    requests[number] = wrk.format("GET", prefix .. id)
  end
end

function request()
  return requests[math.random(#requests)]
end
