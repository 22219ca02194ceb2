profiles-source = Source
profiles-search = Search profiles
profiles-search-button = Search
profiles-total =
    { $count ->
        [one] { $count } profile
       *[other] { $count } profiles
    }
profiles-hidden =
    { $count ->
        [one] { $count } field is not shown.
       *[other] { $count } fields are not shown.
    }
profiles-row = Row
profiles-none-title = No profiles found
profiles-none-text = The search looks at the text fields of this source, without regard to case.
profiles-show-all = Show all profiles
profiles-empty-title = No profiles yet
profiles-empty-text = Profiles come from sources. Upload a file of customers to see them here.
