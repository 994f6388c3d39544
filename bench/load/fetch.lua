-- GET one path again and again:  fetch.lua -- <path>

dofile("result.lua")

local only

function init(arguments)
  only = wrk.format("GET", arguments[1])
end

function request()
  return only
end
