"""The meeting of clones: fetch, merge, check, push, again while somebody is faster; and the doctor."""
