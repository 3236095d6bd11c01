# pipecli for PowerShell, in $PROFILE: pipecli completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName pipecli -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursor } | ForEach-Object { "$_".Trim("'`"") })
    $program, $words = $words
    if (-not $word) { $words = @($words) + '""' }
    & $program __complete powershell @words 2>$null | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if ($value -notmatch ':(files|folders)$') {
            $about = if ($about) { $about } else { $value }
            # Quotes around all but plain words; PowerShell ends them at a curly one, too.
            $text = if ($value -match '[^\w./:=+-]') { "'$($value -replace "['\u2018-\u201b]", '$0$0')'" } else { $value }
            [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
        }
    }
}
