-- GET lists of 1 to 59 rows, 30 on average: no two questions in a row are alike.  lists.lua -- <path of 30> <seed>

dofile("result.lua")

local requests = {}

function init(arguments)
  math.randomseed(tonumber(arguments[2]))
  for number = 1, 59 do
    local path = arguments[1]:gsub("=30", "=" .. number, 1)
    requests[number] = wrk.format("GET", path)
  end
end

function request()
  return requests[math.random(#requests)]
end
