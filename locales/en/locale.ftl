locale-just-now = just now
locale-minutes-ago = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
locale-hours-ago = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
locale-days-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
