locale-just-now = 剛剛
locale-minutes-ago = { $count } 分鐘前
locale-hours-ago = { $count } 小時前
locale-days-ago = { $count } 天前
